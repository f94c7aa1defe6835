package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"staff0/a2a"
	"staff0/a2a/wire"
)

// Bounds of the program.
const (
	headerTimeout = 10 * time.Second
	stopTimeout   = 5 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	address := flags.String("listen", "127.0.0.1:9999", "`address` to listen on")
	base := flags.String("base", "", "`URL` that the card names; made of the address if left out")
	version := flags.String("card", wire.Version10, "`version` that the card is for; one for "+
		wire.Version03+" is for both")
	pause := flags.Duration("pause", 4*time.Second,
		"`time` that a task takes which kits subscribe to: twice their TCK_STREAMING_TIMEOUT")
	streaming := flags.Bool("streaming", true, "offer streams")
	webhooks := flags.Bool("push", true, "offer push notifications")
	required := flags.Bool("require-extension", false, "declare "+requiredExtension+" as required")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || !slices.Contains(wire.Versions(), *version) {
		return fmt.Errorf("there are no arguments, and -card is one of %q; try -h", wire.Versions())
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	if *base == "" {
		*base = "http://" + listener.Addr().String()
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	agent, err := newAgent(options{Base: *base, Union: *version == wire.Version03, Pause: *pause,
		Hooks: localhost(), Log: log, Change: func(c *a2a.AgentCard) {
			c.Capabilities.Streaming, c.Capabilities.PushNotifications = streaming, webhooks
			if *required {
				requireExtension(c)
			}
		}})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	sending, stopSending := context.WithCancel(context.Background())
	var sender sync.WaitGroup
	sender.Go(func() { agent.send(sending) })
	defer sender.Wait()
	defer stopSending()
	server := &http.Server{Handler: agent, ReadHeaderTimeout: headerTimeout}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	log.Info("ready", "card", *base+"/.well-known/agent-card.json")
	select {
	case err = <-served:
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	agent.engine.Drain()
	return errors.Join(err, server.Shutdown(ctx), agent.engine.Shutdown(ctx))
}

// localhost is where the kits receive what is sent to webhooks: on this machine, at any port and
// without TLS. Webhooks may be at an origin that is named, and not at all of a host, so these are
// all of them.
func localhost() []string {
	all := make([]string, math.MaxUint16)
	for i := range all {
		all[i] = "http://localhost:" + strconv.Itoa(i+1)
	}
	return all
}
