package hrclient_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"staff0/a2a/a2aclient"
	"staff0/a2a/hrclient"
	"staff0/ciba/oauth"
)

// Ask the agent whether a person works at its company, and act upon its answer alone.
func Example() {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	address, issuer := startAgent(ctx) // of yours: the agent and its identity provider

	client, err := connect(ctx, address, issuer)
	if err != nil {
		log.Fatal(err)
	}
	question := &hrclient.Question{Client: client, Notify: func(s hrclient.Status) {
		if s.Code != "" {
			// Show the customer s.Code: it is on their phone, too.
			fmt.Println("The customer has to approve.")
		}
	}}
	answer, err := question.Ask(ctx, "Does John Doe work at Staff0?")
	if err == nil && answer.Outcome == hrclient.Ask {
		fmt.Println(answer.Text)
		answer, err = question.Ask(ctx, "jdoe@staff0.com")
	}
	switch {
	case err != nil:
		log.Fatal(err)
	case answer.Outcome == hrclient.Yes:
		fmt.Println(answer.Text)
	default: // whatever the text says, it is no yes
		fmt.Println("The account stays closed:", answer.Outcome)
	}
	// Output:
	// Please give the person's work e-mail or employee number.
	// The customer has to approve.
	// Yes, John Doe (jdoe@staff0.com) is an active employee of Staff0.
}

// connect prepares to call an agent with the bank's credentials. They go to the issuer that is
// configured here, whatever the agent's card says.
func connect(ctx context.Context, address, issuer string) (*a2aclient.Client, error) {
	hc := oauth.NewHTTPClient(0)
	base, err := a2aclient.ParseBase(address)
	provider, parsed := oauth.ParseEndpoint(issuer)
	if err := errors.Join(err, parsed); err != nil {
		return nil, err
	}
	metadata, err := oauth.Discover(ctx, hc, issuer)
	if err != nil {
		return nil, err
	}
	card, err := a2aclient.Resolve(ctx, hc, base)
	if err != nil {
		return nil, err
	}
	return a2aclient.New(card, a2aclient.Config{
		Base: base, HTTPClient: hc, Issuer: provider,
		Tokens: oauth.Reuse(&oauth.ClientCredentials{
			Metadata: metadata, Auth: oauth.ClientAuth{ID: "bank", Secret: "bank-secret"},
			HTTPClient: hc, Scopes: []string{hrclient.Scope}, Audience: "https://staff0/agent",
		}),
		Extensions: []string{hrclient.ConsentExtension}, Patience: a2aclient.DefaultPatience,
	})
}
