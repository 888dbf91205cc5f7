//! Measures durable commits: `cargo run --release -p motet-store --example commit_rate [FOLDER]`.
//!
//! Records of 200 bytes, in batches of different sizes, each batch one write and one sync. The folder must be on
//! the disk to be measured (a memory file system syncs for free); a journal is made in it and removed again.

use std::{path::PathBuf, time::Instant};

use motet_store::journal::{Batch, Journal, Options, Reader};

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn measure(work: impl FnOnce() -> u64) -> f64 {
    let start = Instant::now();
    let records = work();
    records as f64 / start.elapsed().as_secs_f64()
}

fn main() -> Result<(), motet_store::journal::Error> {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    let dir = folder.join(format!("commit-rate-{}", std::process::id()));
    let (mut journal, _) = Journal::open(&dir, Options::default())?;
    let mut batch = Batch::starting_at(1);
    for size in [1_u64, 10, 100, 1_000, 5_000] {
        let commits = if size == 1 { 200 } else { 100 };
        let rate = measure(|| {
            for _ in 0..commits {
                batch.restart_at(journal.next_sequence());
                for _ in 0..size {
                    batch.push(&[7; 200]).expect("the record is small");
                }
                journal.commit(&batch).expect("the disk takes the batch");
            }
            commits * size
        });
        println!("batches of {size:5}: {rate:10.0} records/s, {:8.0} syncs/s", rate / size as f64);
    }
    let reader = Reader::open(&dir)?;
    let rate = measure(|| {
        let mut records = reader.records().expect("the journal was just written");
        let mut count = 0;
        while records.read().expect("the journal was just written").is_some() {
            count += 1;
        }
        count
    });
    println!("reading:          {rate:10.0} records/s");
    drop(journal);
    std::fs::remove_dir_all(&dir).ok();
    Ok(())
}
