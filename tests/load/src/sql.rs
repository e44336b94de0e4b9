//! Runs SQL through psql, so that this program needs no database driver.

use std::fmt::Display;
use std::path::Path;
use std::process::Stdio;
use std::str::FromStr;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::error::{Error, Result, failed};

/// The line that psql prints after the results. No result contains it.
const END: &str = "~ end of the results ~";

/// A running psql that is connected to one database.
#[derive(Debug)]
pub struct Session {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Session {
    /// Starts psql for the database at `url`.
    ///
    /// # Errors
    /// psql cannot be started. A missing database shows at the first statement.
    pub fn open(psql: &Path, url: &str) -> Result<Self> {
        let mut child = Command::new(psql)
            .args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--field-separator=\t"])
            .args(["--variable=ON_ERROR_STOP=1", "--dbname"])
            .arg(url)
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

    /// Runs one or more statements. Returns the rows of all of them, with tabs between columns.
    ///
    /// # Errors
    /// psql reports an error.
    pub async fn rows(&mut self, statements: &str) -> Result<Vec<String>> {
        let text = format!("{statements}\n;\nselect '{END}';\n");
        // If psql has ended, its error is read below.
        let _unsent = self.input.write_all(text.as_bytes()).await;
        let mut rows = Vec::new();
        loop {
            match self.output.next_line().await.map_err(Error::io("read from psql"))? {
                Some(line) if line == END => return Ok(rows),
                Some(line) => rows.push(line),
                None => return failed(format!("{}\n{}", self.error_text().await, first_lines(statements))),
            }
        }
    }

    /// Runs one or more statements.
    ///
    /// # Errors
    /// psql reports an error.
    pub async fn run(&mut self, statements: &str) -> Result<()> {
        self.rows(statements).await.map(drop)
    }

    /// Runs a statement that returns one value.
    ///
    /// # Errors
    /// psql reports an error, or the result is not one value of this type.
    pub async fn value<T: FromStr>(&mut self, statement: &str) -> Result<T>
    where
        T::Err: Display,
    {
        let rows = self.rows(statement).await?;
        let [row] = rows.as_slice() else { return failed(format!("{} rows instead of one: {statement}", rows.len())) };
        row.parse().map_err(|error| Error::Failed(format!("`{row}`: {error}: {statement}")))
    }

    /// Disconnects from the database, so that it can be copied.
    ///
    /// # Errors
    /// psql does not end.
    pub async fn close(self) -> Result<()> {
        let Self { mut child, input, output } = self;
        drop((input, output));
        child.wait().await.map(drop).map_err(Error::io("end psql"))
    }

    async fn error_text(&mut self) -> String {
        let mut text = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            // The caller adds the statement, which is enough if this cannot be read.
            let _unread = stderr.read_to_string(&mut text).await;
        }
        format!("psql: {}", text.trim())
    }
}

fn first_lines(statements: &str) -> String {
    statements.lines().take(8).collect::<Vec<_>>().join("\n")
}
