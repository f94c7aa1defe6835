package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// expiry is how long people have to answer. A quarter of it, the time in which somebody must have
// been asked, is more than the slowest of the provider's delays and the directory's together.
const expiry = 6 * time.Second

const (
	startTimeout = 30 * time.Second
	lookEvery    = 5 * time.Millisecond // while an agent starts
)

// agent is the program under test.
type agent struct {
	base string
	dir  string
	args []string
	env  []string
	cmd  *exec.Cmd
	done chan struct{}
}

// newAgent makes an agent that has not been started. Durable ones keep their tasks in a file.
func (r *run) newAgent(durable bool) (*agent, error) {
	dir, err := os.MkdirTemp(r.dir, "agent")
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return nil, err
	}
	database := "memory:"
	if durable {
		database = "sqlite:" + filepath.Join(dir, "agent.db")
	}
	return &agent{
		base: "http://" + address, dir: dir,
		args: []string{"agent", "--addr", address, "--log-level", "error"},
		env: []string{
			"HOME=" + dir, "XDG_STATE_HOME=" + dir, "STAFF0_ISSUER=" + r.provider.issuer,
			"STAFF0_PROVIDER=auth0", "STAFF0_DIRECTORY=auth0", "HR_AGENT_AUTH0_CLIENT_ID=hr-agent",
			"HR_AGENT_AUTH0_CLIENT_SECRET=secret", "STAFF0_AGENT_DATABASE=" + database,
			"STAFF0_MODEL=rules",
			"STAFF0_CONSENT_EXPIRY=" + expiry.String(), "STAFF0_QUESTIONS_PER_ASKER=off",
			"STAFF0_WEBHOOK_ALLOW=http://" + r.hooks.address,
		},
	}, nil
}

// start runs the program and waits until it serves.
func (a *agent) start(ctx context.Context, program string) error {
	a.cmd = exec.Command(program, a.args...)
	a.cmd.Env, a.cmd.Dir = a.env, a.dir
	log, err := os.OpenFile(filepath.Join(a.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	a.cmd.Stdout, a.cmd.Stderr = log, log
	if err := a.cmd.Start(); err != nil {
		return err
	}
	done, cmd := make(chan struct{}), a.cmd
	a.done = done
	go func() {
		_ = cmd.Wait()
		close(done)
	}()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		if req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+"/readyz",
			nil); err == nil {
			if res, err := http.DefaultClient.Do(req); err == nil {
				_ = res.Body.Close()
				if res.StatusCode == http.StatusOK {
					return nil
				}
			}
		}
		select {
		case <-time.After(lookEvery):
		case <-done:
			said, _ := os.ReadFile(filepath.Join(a.dir, "log"))
			return fmt.Errorf("the agent ended in its start: %s", said)
		case <-ctx.Done():
			return errors.New("the agent did not become ready")
		}
	}
}

// kill ends the agent as a crash does.
func (a *agent) kill() {
	if a.cmd == nil || a.cmd.Process == nil {
		return
	}
	_ = a.cmd.Process.Kill()
	<-a.done
}
