//! Reads logs into a store.
//!
//! The parent of everything in `source`: it recognises each log, reads them in an order that lets them be joined
//! (bids, impressions, clicks, conversions; else as given), counts what is bad and stops where too much is. It
//! never drops a line without a count, and never keeps a log in memory.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use motet_engine::Record;
use sha2::{Digest, Sha256};

use crate::{
    build::Builder,
    error::{Error, Result},
    source::{
        self, BadReason, Claim, Complaint, Desk, Form, Found, Interner, Line, LineError, LineReader, Lines,
        LogKind, Season,
    },
    store::{Source, Summary},
};

/// How many lines pass between two words of progress.
const STRIDE: u64 = 4_096;
/// How many lines are read before a log may be given up early for being mostly bad.
const EARLY_LINES: u64 = 1_000;

/// How logs are read.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the logs are said to be; recognised without it.
    pub claim: Option<Claim>,
    /// The season that iPinYou's logs are said to be of.
    pub season: Option<Season>,
    /// The largest share of bad lines a log may have, 0 to 1.
    pub max_bad_share: f64,
    /// What is mixed into the hashes of users; stores with different salts cannot be linked by user.
    pub user_salt: String,
    /// The folder of scratch files, for logs larger than memory.
    pub scratch: PathBuf,
}

/// How far reading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read of all logs, as stored.
    pub bytes: u64,
    /// Rows written.
    pub rows: u64,
}

/// Logs being read into a store.
#[derive(Debug)]
pub struct Ingest<W: Write> {
    builder: Builder<W>,
    options: Options,
    user_key: (u64, u64),
}

impl<W: Write> Ingest<W> {
    /// Begins a store.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(out: W, options: Options) -> Result<Self> {
        let digest =
            Sha256::new().chain_update(b"motet history users").chain_update(&options.user_salt).finalize();
        let half = |at: usize| digest[at..at + 8].iter().fold(0_u64, |n, byte| n << 8 | u64::from(*byte));
        let user_key = (half(0), half(8));
        Ok(Self { builder: Builder::new(out, &options.scratch)?, options, user_key })
    }

    /// Reads logs of other systems.
    ///
    /// # Errors
    /// When one cannot be opened, is of no known form or not of the one claimed, or has too many bad lines.
    pub fn files(&mut self, paths: &[PathBuf], progress: &mut dyn FnMut(Progress)) -> Result<()> {
        let mut logs: Vec<(&Path, Found)> = Vec::with_capacity(paths.len());
        for path in paths {
            logs.push((path, source::detect(path, self.options.claim, self.options.season)?));
        }
        let is_bids = |found: &Found| found.form == Form::IPinYou(LogKind::Bid);
        let with_bids = logs.iter().any(|(_, found)| is_bids(found));
        logs.sort_by_key(|(_, found)| match found.form {
            Form::IPinYou(kind) => kind.order(),
            _ => 0,
        });
        for (path, found) in logs {
            self.file(path, &found, with_bids, progress)?;
        }
        Ok(())
    }

    fn file(
        &mut self,
        path: &Path,
        found: &Found,
        with_bids: bool,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<()> {
        let input = source::open(path)?;
        let mut lines = Lines::new(input.bytes);
        let mut reader = LineReader::new(found, with_bids);
        let mut texts = Interner::default();
        let rows_before = self.builder.rows();
        let bytes_before = self.builder.summary.bytes_in;
        let mut log = describe(path, found);
        let number = self.builder.summary.sources.len() as u32;
        let mut header = found.header.is_some();
        while let Some(line) = lines.read().map_err(Error::io("read", path))? {
            let mut desk = Desk {
                builder: &mut self.builder,
                source: number,
                texts: &mut texts,
                user_key: self.user_key,
            };
            let complaint = take_line(&line, &mut reader, &mut desk, &mut header, &mut log)?;
            if let Some(complaint) = complaint {
                log.bad.count(lines.number(), complaint);
                check_early(&log, self.options.max_bad_share)?;
            }
            if lines.number().is_multiple_of(STRIDE) {
                progress(Progress { bytes: bytes_before + input.meter.bytes(), rows: self.builder.rows() });
            }
        }
        log.bytes = input.meter.bytes();
        log.sha256 = Some(input.meter.sha256());
        log.rows = self.builder.rows() - rows_before;
        log.invalid_utf8_fields = texts.invalid;
        check_share(&log, self.options.max_bad_share)?;
        self.end_source(log, progress);
        Ok(())
    }

    /// Reads a journal of our own, of which the caller brings the records.
    ///
    /// # Errors
    /// When a record does not read.
    pub fn journal(
        &mut self,
        name: &str,
        bytes: u64,
        records: impl Iterator<Item = Result<Record, String>>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<()> {
        let mut log = Source {
            name: name.to_owned(),
            form: "journal".to_owned(),
            currency: Some("accounting currency".to_owned()),
            bytes,
            ..Source::default()
        };
        let number = self.builder.summary.sources.len() as u32;
        let rows_before = self.builder.rows();
        let bytes_before = self.builder.summary.bytes_in;
        let mut texts = Interner::default();
        for record in records {
            let record = record.map_err(|what| Error::Journal { name: name.to_owned(), what })?;
            let mut desk = Desk {
                builder: &mut self.builder,
                source: number,
                texts: &mut texts,
                user_key: self.user_key,
            };
            log.uncounted_notices += u64::from(source::take(&record, &mut desk)?);
            log.lines += 1;
            if log.lines.is_multiple_of(STRIDE) {
                progress(Progress { bytes: bytes_before, rows: self.builder.rows() });
            }
        }
        log.rows = self.builder.rows() - rows_before;
        self.end_source(log, progress);
        Ok(())
    }

    fn end_source(&mut self, log: Source, progress: &mut dyn FnMut(Progress)) {
        let summary = &mut self.builder.summary;
        summary.bytes_in += log.bytes;
        summary.sources.push(log);
        progress(Progress { bytes: self.builder.summary.bytes_in, rows: self.builder.rows() });
    }

    /// Joins what belongs together and ends the store.
    ///
    /// # Errors
    /// When no row was read, or the store cannot be written.
    pub fn finish(self) -> Result<(W, Summary)> {
        if self.builder.rows() == 0 {
            let names: Vec<&str> = self.builder.summary.sources.iter().map(|s| s.name.as_str()).collect();
            return Err(Error::Empty { what: names.join(", ") });
        }
        self.builder.finish()
    }
}

/// Takes one line: a row, a blank or header passed over, or a complaint.
fn take_line<W: Write>(
    line: &Line<'_>,
    reader: &mut LineReader,
    desk: &mut Desk<'_, W>,
    header: &mut bool,
    log: &mut Source,
) -> Result<Option<Complaint>> {
    let (text, ended) = match line {
        Line::Ended(text) => (*text, true),
        Line::Unended(text) => (*text, false),
        Line::TooLong => (&b""[..], true),
    };
    if *line == Line::TooLong {
        log.lines += 1;
        let detail = "line is over 64 KiB".to_owned();
        return Ok(Some(Complaint { reason: BadReason::TooLong, detail }));
    }
    if text.trim_ascii().is_empty() {
        log.blank_lines += 1;
        return Ok(None);
    }
    if std::mem::take(header) {
        return Ok(None);
    }
    log.lines += 1;
    match reader.read(text, desk) {
        Ok(()) => Ok(None),
        Err(LineError::Fatal(error)) => Err(error),
        Err(LineError::Bad(complaint)) if !ended && complaint.reason == BadReason::ColumnCount => {
            Ok(Some(Complaint { reason: BadReason::CutShort, ..complaint }))
        }
        Err(LineError::Bad(complaint)) => Ok(Some(complaint)),
    }
}

fn describe(path: &Path, found: &Found) -> Source {
    let in_fen = matches!(found.form, Form::IPinYou(_) | Form::Auctions);
    Source {
        name: path.display().to_string(),
        form: found.form.name().to_owned(),
        season: found.season.map(Season::number),
        currency: in_fen.then(|| "CNY".to_owned()),
        ..Source::default()
    }
}

/// Gives a log up when most of its first lines are bad: it is another kind of file.
fn check_early(log: &Source, most: f64) -> Result<()> {
    let mostly_bad = log.lines >= EARLY_LINES && log.bad.lines * 2 > log.lines;
    if mostly_bad { check_share(log, most) } else { Ok(()) }
}

fn check_share(log: &Source, most: f64) -> Result<()> {
    if log.bad.lines as f64 <= most * log.lines as f64 {
        return Ok(());
    }
    Err(Error::TooManyBad {
        path: log.name.clone(),
        bad: log.bad.lines,
        lines: log.lines,
        most,
        first: log.bad.samples.first().map_or_else(String::new, ToString::to_string),
        samples: log.bad.samples.clone(),
    })
}

impl Default for Options {
    /// Recognises forms and seasons, allows one bad line in a hundred, and spills beside the working folder.
    fn default() -> Self {
        Self {
            claim: None,
            season: None,
            max_bad_share: 0.01,
            user_salt: String::new(),
            scratch: PathBuf::from("."),
        }
    }
}
