//! SQL through psql, PostgreSQL's own program: nothing of a driver is in the way, and none has to be compiled.

use std::fmt::Display;
use std::process::Stdio;
use std::str::FromStr;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::error::{Error, Result, failed};
use crate::server::Server;

/// A line that no result has.
const END: &str = "~ end of the results ~";

/// A psql that stays connected; what it is told it does before it is told more.
#[derive(Debug)]
pub struct Session {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Session {
    /// # Errors
    /// psql cannot be run. That the database is not there shows at the first statement.
    pub fn open(server: &Server, database: &str) -> Result<Self> {
        let mut child = Command::new(server.program("psql"))
            .args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--field-separator=\t"])
            .args(["--variable=ON_ERROR_STOP=1", "--dbname"])
            .arg(server.url(database))
            .env("PGOPTIONS", "--client-min-messages=warning")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(Error::io("run psql"))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return failed("psql has no input or output");
        };
        Ok(Self { child, input, output: BufReader::new(output).lines() })
    }

    /// Does one or more statements; the rows of all of them, columns with tabs between.
    ///
    /// # Errors
    /// What psql says.
    pub async fn rows(&mut self, statements: &str) -> Result<Vec<String>> {
        let text = format!("{statements}\n;\nselect '{END}';\n");
        // If psql has ended, its reason is read below.
        let _unsent = self.input.write_all(text.as_bytes()).await;
        let mut rows = Vec::new();
        loop {
            match self.output.next_line().await.map_err(Error::io("read from psql"))? {
                Some(line) if line == END => return Ok(rows),
                Some(line) => rows.push(line),
                None => return failed(format!("{}\n{}", self.complaint().await, first_lines(statements))),
            }
        }
    }

    /// # Errors
    /// What psql says.
    pub async fn run(&mut self, statements: &str) -> Result<()> {
        self.rows(statements).await.map(drop)
    }

    /// The one value that a statement comes to.
    ///
    /// # Errors
    /// What psql says, or there is no such value.
    pub async fn value<T: FromStr>(&mut self, statement: &str) -> Result<T>
    where
        T::Err: Display,
    {
        let rows = self.rows(statement).await?;
        let [row] = rows.as_slice() else { return failed(format!("{} rows and not one: {statement}", rows.len())) };
        row.parse().map_err(|error| Error::Failed(format!("`{row}`: {error}: {statement}")))
    }

    /// Leaves the database, so that it can be copied.
    ///
    /// # Errors
    /// psql does not end.
    pub async fn close(self) -> Result<()> {
        let Self { mut child, input, output } = self;
        drop((input, output));
        child.wait().await.map(drop).map_err(Error::io("end psql"))
    }

    async fn complaint(&mut self) -> String {
        let mut text = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            // Without it there is still the statement to look at.
            let _unread = stderr.read_to_string(&mut text).await;
        }
        format!("psql: {}", text.trim())
    }
}

fn first_lines(statements: &str) -> String {
    statements.lines().take(8).collect::<Vec<_>>().join("\n")
}
