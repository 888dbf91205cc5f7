//! Reads a made-up iPinYou log of any size, and says what memory that took.
//!
//! `cargo run --release -p motet-history --example large_log -- GIGABYTES [FOLDER]`
//!
//! Writes an impression log of that size and a click log into a temporary folder (needs about 1.7 times the size there; it is
//! deleted afterwards), reads both as `motet ingest` does, and checks every count: rows, joined clicks, and the bad lines
//! sown in by reason: impossible times, another season's times, cut columns, fields that are not UTF-8, and a last line
//! that ends in the middle.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use motet_history::{Ingest, Options, Summary};

type Error = Box<dyn std::error::Error>;

/// Every so many lines one is of this kind; the numbers share no factor, so kinds never fall together often.
const IMPOSSIBLE: u64 = 997;
const OTHER_SEASON: u64 = 1_009;
const CUT: u64 = 1_013;
const NOT_UTF8: u64 = 1_019;
const CLICKED: u64 = 1_201;

/// What was written, and so has to be read.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sown {
    rows: u64,
    impossible: u64,
    other_season: u64,
    cut: u64,
    not_utf8: u64,
    clicks: u64,
}

fn main() -> Result<(), Error> {
    let argument = |place: usize| std::env::args().nth(place);
    let bytes = argument(1).map_or(Ok(1.0), |text| text.parse::<f64>())? * 1e9;
    let folder = tempfile::tempdir_in(argument(2).unwrap_or_else(|| ".".to_owned()))?;
    let logs = [folder.path().join("imp.txt"), folder.path().join("clk.txt")];
    let before_kib = peak_kib();
    let sown = write(&logs, bytes as u64)?;
    println!("{:.2} GB written: {sown:?}; peak memory {} MB", bytes / 1e9, peak_kib() / 1_024);
    let store = folder.path().join("store.mth");
    let summary = read(&logs, &store, folder.path())?;
    let found = found(&summary);
    println!(
        "{:.2} GB read, {:.2} GB stored; peak memory {} MB (before any reading {} MB)",
        summary.bytes_in as f64 / 1e9,
        store.metadata()?.len() as f64 / 1e9,
        peak_kib() / 1_024,
        before_kib / 1_024,
    );
    if found != sown {
        return Err(format!("sown and found differ: {found:?}").into());
    }
    println!("every count is as sown");
    Ok(())
}

fn write(logs: &[PathBuf; 2], bytes: u64) -> Result<Sown, Error> {
    let mut imps = BufWriter::with_capacity(1 << 20, File::create(&logs[0])?);
    let mut clicks = BufWriter::new(File::create(&logs[1])?);
    let (mut sown, mut written, mut number, mut line) = (Sown::default(), 0_u64, 0_u64, Vec::new());
    while written < bytes {
        number += 1;
        impression(number, &mut line, &mut sown);
        imps.write_all(&line)?;
        written += line.len() as u64;
        if number % CLICKED == 1 {
            sown.clicks += 1;
            let text = String::from_utf8_lossy(&line);
            // The first line of these is good, and a click's log type is 2.
            clicks.write_all(text.replacen("\t1\t", "\t2\t", 1).as_bytes())?;
        }
    }
    imps.write_all(b"cut in the middle\t2013102119")?;
    sown.cut += 1;
    imps.flush()?;
    clicks.flush()?;
    Ok(sown)
}

/// Writes one line of an impression log, good or of a bad kind.
fn impression(number: u64, line: &mut Vec<u8>, sown: &mut Sown) {
    line.clear();
    let clicked = number % CLICKED == 1;
    let is = |every: u64| !clicked && number.is_multiple_of(every);
    let day = 19 + number / 40_000_000 % 9;
    let (hour, minute, second) = (number / 3_600 % 24, number / 60 % 60, number % 60);
    let time = if is(IMPOSSIBLE) {
        "20131032250000000".to_owned()
    } else if is(OTHER_SEASON) {
        "20130606120000000".to_owned()
    } else {
        format!("201310{day:02}{hour:02}{minute:02}{second:02}{:03}", number % 1_000)
    };
    let slot = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48;
    let price = 20 + slot % 200;
    // A Vec takes any bytes.
    let _ = writeln!(
        line,
        "{number:032x}\t{time}\t1\tC{:x}\tMozilla/5.0 (Windows NT 6.1) AppleWebKit/537.1 Chrome/21.0\t222.218.{}.*\t{}\t{}\t{}\t\
         trqRTuMw1mKYJ4\t{:x}\tnull\tmm_{slot}\t300\t250\tFirstView\tNa\t5\t10722\t300\t{price}\tnull\t2821\t10063,10006",
        number % 3_000_000,
        number % 256,
        number % 390,
        number % 360,
        1 + number % 3,
        slot.wrapping_mul(77),
    );
    let timely = !is(IMPOSSIBLE) && !is(OTHER_SEASON);
    if timely && is(CUT) {
        // A column less is told before its time is looked at.
        line.truncate(line.len() - b"\t10063,10006\n".len());
        line.push(b'\n');
        sown.cut += 1;
    } else if timely {
        sown.rows += 1;
        if is(NOT_UTF8) {
            let at = line.windows(3).position(|bytes| bytes == b"mm_").expect("a slot's name");
            line[at] = 0xb0;
            sown.not_utf8 += 1;
        }
    }
    sown.impossible += u64::from(is(IMPOSSIBLE));
    sown.other_season += u64::from(is(OTHER_SEASON) && !is(IMPOSSIBLE));
}

fn read(logs: &[PathBuf; 2], store: &Path, scratch: &Path) -> Result<Summary, Error> {
    let options = Options { scratch: scratch.to_owned(), ..Options::default() };
    let mut ingest = Ingest::new(BufWriter::new(File::create(store)?), options)?;
    let mut told = 0;
    ingest.files(logs, &mut |now| {
        if now.bytes / 1_000_000_000 > told {
            told = now.bytes / 1_000_000_000;
            println!("  {told} GB, {} rows, peak memory {} MB", now.rows, peak_kib() / 1_024);
        }
    })?;
    let (out, summary) = ingest.finish()?;
    out.into_inner()?.sync_all()?;
    Ok(summary)
}

fn found(summary: &Summary) -> Sown {
    let of = |name: &str| {
        let reasons = summary.sources.iter().flat_map(|source| &source.bad.by_reason);
        reasons.filter(|(reason, _)| reason.name() == name).map(|(_, count)| count).sum::<u64>()
    };
    Sown {
        rows: summary.rows["opportunities"],
        impossible: of("timestamp"),
        other_season: of("other_season"),
        cut: of("column_count") + of("cut_short"),
        not_utf8: summary.sources.iter().map(|source| source.invalid_utf8_fields).sum(),
        clicks: summary.joins.outcomes["click"].joined,
    }
}

/// Returns the most memory this process has held, in KiB; 0 where the system does not tell.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
