// pgx, driven by tests/e2e/test_other_languages.py: logins as JSON on the input, what was seen as JSON on the output.
// Nothing is judged here.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

type login struct {
	Host, User, Password, Database, CAFile string
	Port                                   int
}

type refusal struct {
	SQLState string `json:"sqlstate"`
	Message  string `json:"message"`
	Detail   string `json:"detail"`
	Hint     string `json:"hint"`
}

var ctx = context.Background()

func main() {
	var logins struct{ Shop, Workshop login }
	must(json.NewDecoder(os.Stdin).Decode(&logins))
	seen := map[string]any{}
	shop, workshop := connect(logins.Shop), connect(logins.Workshop)
	look(shop, seen)
	refuse(shop, seen)
	cancel(shop, seen)
	pipeline(shop, seen)
	change(workshop, seen)
	copyBothWays(shop, workshop, seen)
	must(shop.Close(ctx))
	must(workshop.Close(ctx))
	must(json.NewEncoder(os.Stdout).Encode(seen))
}

func connect(to login) *pgx.Conn {
	settings := fmt.Sprintf(
		"host=%s port=%d user=%s password=%s dbname=%s sslmode=verify-full sslrootcert='%s' channel_binding=require",
		to.Host, to.Port, to.User, to.Password, to.Database, to.CAFile)
	conn, err := pgx.Connect(ctx, settings)
	must(err)
	return conn
}

// look reads the same rows in text by the simple protocol, and in binary by a prepared statement.
func look(conn *pgx.Conn, seen map[string]any) {
	const text = "SELECT id, email, note FROM customers WHERE id <= $1 ORDER BY id"
	seen["simple"] = rows(conn, text, pgx.QueryExecModeSimpleProtocol, 5)
	_, err := conn.Prepare(ctx, "look", text)
	must(err)
	seen["prepared"] = rows(conn, "look", pgx.QueryResultFormats{pgx.BinaryFormatCode}, 5)
	var mails []*string
	must(conn.QueryRow(ctx, "SELECT emails FROM customers WHERE id = 3").Scan(&mails))
	seen["array"] = mails
}

func rows(conn *pgx.Conn, text string, arguments ...any) [][]any {
	found, err := conn.Query(ctx, text, arguments...)
	must(err)
	all, err := pgx.CollectRows(found, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
	must(err)
	return all
}

func refuse(conn *pgx.Conn, seen map[string]any) {
	_, err := conn.Exec(ctx, "DELETE FROM stock WHERE id = $1", 1)
	seen["refused"] = told(err)
	seen["after_refusal"] = one(conn)
}

func cancel(conn *pgx.Conn, seen map[string]any) {
	go func() {
		time.Sleep(300 * time.Millisecond)
		must(conn.PgConn().CancelRequest(ctx))
	}()
	_, err := conn.Exec(ctx, "SELECT pg_sleep(30)")
	seen["cancelled"] = told(err)
	seen["after_cancel"] = one(conn)
}

// pipeline sends a refused statement among others, with one Sync for all of them.
func pipeline(conn *pgx.Conn, seen map[string]any) {
	batch := &pgx.Batch{}
	batch.Queue("SELECT 1")
	batch.Queue("DELETE FROM stock")
	batch.Queue("SELECT 3")
	results := conn.SendBatch(ctx, batch)
	answers := []string{}
	for range 3 {
		var n int
		if err := results.QueryRow().Scan(&n); err != nil {
			answers = append(answers, told(err).SQLState)
		} else {
			answers = append(answers, fmt.Sprint(n))
		}
	}
	_ = results.Close()
	seen["pipeline"] = answers
	seen["after_pipeline"] = one(conn)
}

func change(conn *pgx.Conn, seen map[string]any) {
	tx, err := conn.Begin(ctx)
	must(err)
	_, err = tx.Exec(ctx, "UPDATE things SET size = $1 WHERE id = 11", 1111)
	must(err)
	must(tx.Commit(ctx))
	tx, err = conn.Begin(ctx)
	must(err)
	_, err = tx.Exec(ctx, "UPDATE things SET size = $1 WHERE id = 11", 2222)
	must(err)
	_, err = tx.Exec(ctx, "ALTER TABLE things ADD worse int")
	seen["refused_in_transaction"] = told(err)
	_, err = tx.Exec(ctx, "SELECT 1")
	seen["then"] = told(err)
	must(tx.Rollback(ctx))
	var size int
	must(conn.QueryRow(ctx, "SELECT size FROM things WHERE id = 11").Scan(&size))
	seen["size"] = size
}

func copyBothWays(shop, workshop *pgx.Conn, seen map[string]any) {
	copied, err := workshop.CopyFrom(ctx, pgx.Identifier{"things"}, []string{"id", "name", "size"},
		pgx.CopyFromSlice(100, func(n int) ([]any, error) { return []any{710_000 + n, fmt.Sprint("row ", n), n}, nil }))
	must(err)
	seen["copied_in"] = copied
	var out bytes.Buffer
	_, err = shop.PgConn().CopyTo(ctx, &out, "COPY customers (id, email, note) TO STDOUT")
	must(err)
	seen["copied_out"] = strings.Split(strings.TrimSpace(out.String()), "\n")
}

func one(conn *pgx.Conn) int {
	var n int
	must(conn.QueryRow(ctx, "SELECT 40 + 2").Scan(&n))
	return n
}

func told(err error) refusal {
	var server *pgconn.PgError
	if !errors.As(err, &server) {
		must(fmt.Errorf("no error of the server: %w", err))
	}
	return refusal{server.Code, server.Message, server.Detail, server.Hint}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
