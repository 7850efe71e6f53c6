// node-pg, driven by tests/e2e/test_other_languages.py: logins as JSON on the input, what was seen as JSON on the
// output. Nothing is judged here.
"use strict";
const fs = require("node:fs");
const { pipeline } = require("node:stream/promises");
const { Readable } = require("node:stream");
const { Client } = require("pg");
const copy = require("pg-copy-streams");

const LOOK = "SELECT id, email, note FROM customers WHERE id <= $1 ORDER BY id";

function settings(login) {
  const ssl = { ca: fs.readFileSync(login.cafile, "utf8"), rejectUnauthorized: true, servername: login.host };
  return { ...login, ssl, enableChannelBinding: true };
}

async function connect(login) {
  const client = new Client(settings(login));
  await client.connect();
  return client;
}

async function told(promise) {
  try {
    await promise;
  } catch (error) {
    return { sqlstate: error.code, message: error.message, detail: error.detail ?? "", hint: error.hint ?? "" };
  }
  throw new Error("nothing was refused");
}

async function one(client) {
  return (await client.query("SELECT 40 + 2 AS n")).rows[0].n;
}

async function look(client, seen) {
  const simple = LOOK.replace("$1", "5");
  seen.simple = (await client.query({ text: simple, rowMode: "array" })).rows;
  const prepared = { name: "look", text: LOOK, values: [5], rowMode: "array" };
  const named = (await client.query(prepared)).rows;
  const binary = (await client.query({ ...prepared, binary: true })).rows;
  // It reads binary numbers wrong, from a server too: of those rows only the texts are told.
  seen.prepared = binary.map(([, email, note], at) => [named[at][0], email, note]);
  seen.array = (await client.query("SELECT emails FROM customers WHERE id = 3")).rows[0].emails;
}

async function refuse(client, seen) {
  seen.refused = await told(client.query("DELETE FROM stock WHERE id = $1", [1]));
  seen.after_refusal = await one(client);
}

// The driver's own way: a second connection that says nothing but the key, in clear.
async function cancel(client, login, seen) {
  const query = new (require("pg").Query)("SELECT pg_sleep(30)");
  const cancelled = told(new Promise((resolve, reject) => {
    query.on("error", reject);
    query.on("end", resolve);
  }));
  client.query(query);
  setTimeout(() => new Client({ ...settings(login), ssl: false }).cancel(client, query), 300);
  seen.cancelled = await cancelled;
  seen.after_cancel = await one(client);
}

async function inOrder(client, seen) {
  const answers = [client.query("SELECT 1 AS n"), client.query("DELETE FROM stock"), client.query("SELECT 3 AS n")];
  const settled = await Promise.allSettled(answers);
  seen.pipeline = settled.map((s) => (s.status === "fulfilled" ? String(s.value.rows[0].n) : s.reason.code));
  seen.after_pipeline = await one(client);
}

async function change(client, seen) {
  await client.query("BEGIN");
  await client.query("UPDATE things SET size = $1 WHERE id = 12", [1111]);
  await client.query("COMMIT");
  await client.query("BEGIN");
  await client.query("UPDATE things SET size = $1 WHERE id = 12", [2222]);
  seen.refused_in_transaction = await told(client.query("ALTER TABLE things ADD worse int"));
  seen.then = await told(client.query("SELECT 1"));
  await client.query("ROLLBACK");
  seen.size = (await client.query("SELECT size FROM things WHERE id = 12")).rows[0].size;
}

async function copyBothWays(shop, workshop, seen) {
  const rows = Array.from({ length: 100 }, (_, n) => `${720000 + n}\trow ${n}\t${n}\n`);
  const into = workshop.query(copy.from("COPY things FROM STDIN"));
  await pipeline(Readable.from(rows), into);
  seen.copied_in = into.rowCount;
  const parts = [];
  for await (const part of shop.query(copy.to("COPY customers (id, email, note) TO STDOUT"))) parts.push(part);
  seen.copied_out = Buffer.concat(parts).toString().trimEnd().split("\n");
}

async function main() {
  const logins = JSON.parse(fs.readFileSync(0, "utf8"));
  const seen = {};
  const shop = await connect(logins.shop);
  const workshop = await connect(logins.workshop);
  await look(shop, seen);
  await refuse(shop, seen);
  await cancel(shop, logins.shop, seen);
  await inOrder(shop, seen);
  await change(workshop, seen);
  await copyBothWays(shop, workshop, seen);
  await shop.end();
  await workshop.end();
  process.stdout.write(JSON.stringify(seen));
}

main().catch((problem) => {
  console.error(problem);
  process.exit(1);
});
