//! How much memory the program holds after all that came before.

use crate::cpu::Memory;
use crate::error::Result;
use crate::report::{Goal, Row};
use crate::world::{World, spread};

pub async fn run(world: &mut World<'_>) -> Result<Vec<Row>> {
    let company = world.main().await?;
    company.settle().await?;
    let memory = Memory::of(company.serving.pid()?)?;
    let resident = spread(&[memory.resident_mib])?;
    let note = format!("at most {:.0} MiB at any time", memory.peak_mib);
    Ok(vec![Row::new("memory", "MiB", resident, None, Goal::AtMost(96.0)).with_note(note)])
}
