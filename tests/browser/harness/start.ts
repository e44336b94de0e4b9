// Starts the program with a demo company of its own, on a free port, and stops it at the end.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const START_MS = 180_000;

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

/** The text that `demo` prints, once it has the logins. */
function greeting(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    let errors = "";
    const timer = setTimeout(() => reject(new Error(`the demo did not start:\n${text}${errors}`)), START_MS);
    child.stdout?.on("data", (part) => {
      text += part;
      if (/worker\s+\S+\s+\S+\s/.test(text)) {
        clearTimeout(timer);
        resolve(text);
      }
    });
    child.stderr?.on("data", (part) => {
      errors += part;
    });
    child.on("exit", (code) => reject(new Error(`the demo ended with ${code}:\n${text}${errors}`)));
  });
}

export default async function start(): Promise<() => Promise<void>> {
  // A demo that runs already, such as behind `npm run preview`.
  if (process.env.PIECEWORK_URL && process.env.PIECEWORK_PASSWORD) return async () => {};
  const binary = process.env.PIECEWORK_BINARY;
  if (!binary || !existsSync(binary)) throw new Error("PIECEWORK_BINARY names no program: cargo build, and set it");
  const directory = mkdtempSync(join(tmpdir(), "piecework-browser-"));
  const port = await freePort();
  // The variables of the tests are not settings of the program.
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("PIECEWORK_")),
  );
  const child = spawn(binary, ["--data-dir", directory, "demo"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...environment,
      PIECEWORK__HTTP__PORT: String(port),
      // The stories log in more often than a person does.
      PIECEWORK__LIMITS__FAILED_LOGINS_PER_ADDRESS_PER_MINUTE: "0",
      PIECEWORK__LIMITS__FAILED_LOGINS_PER_ACCOUNT_PER_HOUR: "0",
      PIECEWORK__LIMITS__CREATED_TASKS_PER_PERSON_PER_MINUTE: "0",
    },
  });
  const text = await greeting(child);
  process.env.PIECEWORK_URL = `http://127.0.0.1:${port}`;
  process.env.PIECEWORK_DATA = directory;
  process.env.PIECEWORK_PASSWORD = /worker\s+\S+\s+(\S+)/.exec(text)?.[1] ?? "";
  return async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
}
