package image

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A person, and the address by which they reach the server.
type person struct {
	t      *testing.T
	server string
	token  string
}

// The reader of a long poll waits longer than any poll does.
var client = http.Client{Timeout: time.Minute}

func register(t *testing.T, server, username string) person {
	t.Helper()
	p := person{t: t, server: server}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	p.ask("POST", "/api/v1/auth/register", map[string]any{
		"username": username, "email": username + "@example.org", "password": "correct horse",
	}, &answer)
	p.token = answer.AccessToken
	return p
}

// The same person, by way of another node.
func (p person) at(server string) person {
	p.server = server
	return p
}

func (p person) makeRoom(name string) string {
	p.t.Helper()
	var answer struct{ Room struct{ ID string } }
	p.ask("POST", "/api/v1/rooms", map[string]any{"kind": "public", "name": name}, &answer)
	return answer.Room.ID
}

func (p person) join(room string) {
	p.t.Helper()
	p.ask("POST", "/api/v1/rooms/"+room+"/join", nil, nil)
}

func (p person) say(room, text string) {
	p.t.Helper()
	p.ask("POST", "/api/v1/rooms/"+room+"/messages", map[string]any{"nonce": "n-" + rand.Text(), "text": text}, nil)
}

// The texts of a room.
func (p person) history(room string) []string {
	p.t.Helper()
	var answer struct{ Messages []struct{ Text string } }
	p.ask("GET", "/api/v1/rooms/"+room+"/messages", nil, &answer)
	var texts []string
	for _, message := range answer.Messages {
		if message.Text != "" {
			texts = append(texts, message.Text)
		}
	}
	return texts
}

func (p person) cursor() string {
	p.t.Helper()
	var answer struct{ Cursor string }
	p.ask("GET", "/api/v1/events?wait=0", nil, &answer)
	return answer.Cursor
}

type news struct {
	Events []json.RawMessage
	Cursor string
}

// Listens after a cursor until there is an event with this text.
func (p person) hears(cursor, text string) error {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		var answer news
		if err := p.try("GET", "/api/v1/events?wait=20&cursor="+cursor, nil, &answer); err != nil {
			return err
		}
		for _, event := range answer.Events {
			if strings.Contains(string(event), text) {
				return nil
			}
		}
		cursor = answer.Cursor
	}
	return fmt.Errorf("nothing is heard of %q within a minute", text)
}

// Listens after a cursor until an answer has nothing new.
func (p person) waits(cursor string) error {
	for {
		var answer news
		if err := p.try("GET", "/api/v1/events?wait=50&cursor="+cursor, nil, &answer); err != nil || len(answer.Events) == 0 {
			return err
		}
		cursor = answer.Cursor
	}
}

func (p person) ask(method, path string, body, answer any) {
	p.t.Helper()
	if err := p.try(method, path, body, answer); err != nil {
		p.t.Fatal(err)
	}
}

func (p person) try(method, path string, body, answer any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequest(method, "http://"+p.server+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("content-type", "application/json")
	if p.token != "" {
		request.Header.Set("authorization", "Bearer "+p.token)
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s %s", method, path, response.Status, read)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(read, answer)
}
