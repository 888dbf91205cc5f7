//! A store's tables as Parquet files, and back. Behind the feature `parquet`, because it is slow to build.
//!
//! A folder holds one file per table that has rows, and `summary.json`. Every cell but a list is optional in the
//! file's schema; a list is a required group in the standard three-level form. Blocks become row groups. Values are
//! written plainly or in dictionaries, without compression: no codec is built in.
//!
//! Reading takes one row group into memory at a time. It takes files of this schema only: columns by these names, in
//! this order.

use std::{fs::File, io::Write, path::Path, sync::Arc};

use parquet::{
    column::{reader::ColumnReader, reader::get_typed_column_reader, writer::ColumnWriter},
    data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type},
    errors::ParquetError,
    file::{
        properties::WriterProperties,
        reader::{FileReader, RowGroupReader, SerializedFileReader},
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::{parser::parse_message_type, types::TypePtr},
};

use crate::{
    column::{Column, Kind, Values},
    error::{Error, Result},
    store::{History, Summary, Writer},
    table::{Auction, Bid, Item, Opportunity, Outcome, Round, Row, Table, Trajectory},
};

/// The name of the file that holds the summary.
const SUMMARY: &str = "summary.json";

/// Writes every table that has rows, and the summary, into a folder that exists.
///
/// # Errors
/// When the store does not read or a file cannot be written.
pub fn export(history: &History, folder: &Path) -> Result<()> {
    for table in Table::ALL {
        if history.rows(table) > 0 {
            export_table(history, table, &folder.join(format!("{}.parquet", table.name())))?;
        }
    }
    let path = folder.join(SUMMARY);
    let text = serde_json::to_vec_pretty(history.summary()).expect("a summary is plain data with text keys");
    std::fs::write(&path, text).map_err(Error::io("write", &path))
}

/// Reads a folder that [`export`] wrote into a store.
///
/// # Errors
/// When no table is there, one does not read, or the store cannot be written.
pub fn import<W: Write>(folder: &Path, out: W) -> Result<(W, Summary)> {
    let mut writer = Writer::new(out)?;
    for table in Table::ALL {
        let path = folder.join(format!("{}.parquet", table.name()));
        if path.is_file() {
            import_table(table, &path, &mut writer)?;
        }
    }
    if Table::ALL.iter().all(|table| writer.rows(*table) == 0) {
        return Err(Error::Empty { what: folder.display().to_string() });
    }
    let path = folder.join(SUMMARY);
    let text = std::fs::read(&path).map_err(Error::io("read", &path))?;
    let summary = serde_json::from_slice(&text).map_err(|e| failed(&path, &e.to_string()))?;
    writer.finish(summary)
}

fn failed(path: &Path, error: &str) -> Error {
    Error::Parquet { what: path.display().to_string(), error: error.to_owned() }
}

fn wrap(path: &Path) -> impl Fn(ParquetError) -> Error {
    move |error| failed(path, &error.to_string())
}

fn schema(table: Table) -> TypePtr {
    let field = |(name, kind): &(&str, Kind)| match kind {
        Kind::Int => format!("optional int64 {name};"),
        Kind::Float => format!("optional double {name};"),
        Kind::Text => format!("optional binary {name} (UTF8);"),
        Kind::Ints => list(name, "int64 element"),
        Kind::Floats => list(name, "double element"),
        Kind::Texts => list(name, "binary element (UTF8)"),
    };
    let fields: Vec<String> = table.columns().iter().map(field).collect();
    let text = format!("message {} {{ {} }}", table.name(), fields.join(" "));
    Arc::new(parse_message_type(&text).expect("the schema is made of known names and kinds"))
}

fn list(name: &str, element: &str) -> String {
    format!("required group {name} (LIST) {{ repeated group list {{ required {element}; }} }}")
}

fn export_table(history: &History, table: Table, path: &Path) -> Result<()> {
    let file = File::create(path).map_err(Error::io("create", path))?;
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(file, schema(table), properties).map_err(wrap(path))?;
    for columns in history.blocks(table)? {
        let columns = columns?;
        let mut group = writer.next_row_group().map_err(wrap(path))?;
        write_group(&columns, &mut group).map_err(wrap(path))?;
        group.close().map_err(wrap(path))?;
    }
    writer.close().map_err(wrap(path)).map(drop)
}

fn write_group(
    columns: &[Column],
    group: &mut SerializedRowGroupWriter<'_, File>,
) -> Result<(), ParquetError> {
    for column in columns {
        let Some(mut writer) = group.next_column()? else { break };
        let (definitions, repetitions) = levels(column);
        let repetitions = column.kind().is_list().then_some(repetitions.as_slice());
        let definitions = Some(definitions.as_slice());
        match (column.values(), writer.untyped()) {
            (Values::Int(v), ColumnWriter::Int64ColumnWriter(w)) => {
                w.write_batch(&present(column, v), definitions, repetitions)?;
            }
            (Values::Float(v), ColumnWriter::DoubleColumnWriter(w)) => {
                w.write_batch(&present(column, v), definitions, repetitions)?;
            }
            (Values::Text(v), ColumnWriter::ByteArrayColumnWriter(w)) => {
                let texts = present(column, v);
                let texts: Vec<ByteArray> = texts.iter().map(|text| ByteArray::from(&**text)).collect();
                w.write_batch(&texts, definitions, repetitions)?;
            }
            _ => return Err(ParquetError::General("a column is not of its schema's kind".to_owned())),
        }
        writer.close()?;
    }
    Ok(())
}

/// Returns definition and repetition levels: a value is defined at 1; a list's values after its first repeat at 1.
fn levels(column: &Column) -> (Vec<i16>, Vec<i16>) {
    let rows = 0..column.rows();
    if !column.kind().is_list() {
        return (rows.map(|row| i16::from(!column.is_absent(row))).collect(), Vec::new());
    }
    let (mut definitions, mut repetitions) = (Vec::new(), Vec::new());
    for row in rows {
        let length = column.span(row).len();
        definitions.extend(std::iter::repeat_n(i16::from(length > 0), length.max(1)));
        repetitions.push(0);
        repetitions.extend(std::iter::repeat_n(1, length.saturating_sub(1)));
    }
    (definitions, repetitions)
}

fn present<T: Clone>(column: &Column, values: &[T]) -> Vec<T> {
    if column.kind().is_list() {
        return values.to_vec();
    }
    let kept = values.iter().enumerate().filter(|(row, _)| !column.is_absent(*row));
    kept.map(|(_, value)| value.clone()).collect()
}

fn import_table<W: Write>(table: Table, path: &Path, writer: &mut Writer<W>) -> Result<()> {
    match table {
        Table::Opportunities => import_rows::<Opportunity, W>(path, writer),
        Table::Bids => import_rows::<Bid, W>(path, writer),
        Table::Outcomes => import_rows::<Outcome, W>(path, writer),
        Table::Auctions => import_rows::<Auction, W>(path, writer),
        Table::Trajectories => import_rows::<Trajectory, W>(path, writer),
        Table::Rounds => import_rows::<Round, W>(path, writer),
        Table::Items => import_rows::<Item, W>(path, writer),
    }
}

fn import_rows<R: Row, W: Write>(path: &Path, writer: &mut Writer<W>) -> Result<()> {
    let file = File::open(path).map_err(Error::io("open", path))?;
    let reader = SerializedFileReader::new(file).map_err(wrap(path))?;
    let found = reader.metadata().file_metadata().schema_descr().root_schema_ptr();
    if found.get_fields() != schema(R::TABLE).get_fields() {
        return Err(failed(path, &format!("its columns are not those of the table '{}'", R::TABLE.name())));
    }
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(wrap(path))?;
        let columns = read_group(R::TABLE, &*group).map_err(wrap(path))?;
        for row in 0..columns.first().map_or(0, Column::rows) {
            writer.push(&R::get(&columns, row).map_err(|what| failed(path, what.0))?)?;
        }
    }
    Ok(())
}

fn read_group(table: Table, group: &dyn RowGroupReader) -> Result<Vec<Column>, ParquetError> {
    let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
    let mut columns = Vec::with_capacity(table.columns().len());
    for (place, (_, kind)) in table.columns().iter().enumerate() {
        let reader = group.get_column_reader(place)?;
        columns.push(match kind {
            Kind::Int | Kind::Ints => read_column::<Int64Type>(*kind, rows, reader, |v| Ok(Values::Int(v)))?,
            Kind::Float | Kind::Floats => {
                read_column::<DoubleType>(*kind, rows, reader, |v| Ok(Values::Float(v)))?
            }
            Kind::Text | Kind::Texts => read_column::<ByteArrayType>(*kind, rows, reader, texts)?,
        });
    }
    Ok(columns)
}

fn read_column<T: DataType>(
    kind: Kind,
    rows: usize,
    reader: ColumnReader,
    make: impl FnOnce(Vec<T::T>) -> Result<Values, ParquetError>,
) -> Result<Column, ParquetError> {
    let mut reader = get_typed_column_reader::<T>(reader);
    let (mut values, mut definitions, mut repetitions) = (Vec::new(), Vec::new(), Vec::new());
    let mut read = 0;
    while read < rows {
        let repeated = kind.is_list().then_some(&mut repetitions);
        let (records, _, _) =
            reader.read_records(rows - read, Some(&mut definitions), repeated, &mut values)?;
        if records == 0 {
            return Err(ParquetError::EOF("a column has fewer rows than its row group".to_owned()));
        }
        read += records;
    }
    let values = make(values)?;
    if kind.is_list() {
        let ends = ends(&definitions, &repetitions);
        return Ok(Column::of_lists(kind, ends, values));
    }
    let absent = definitions.iter().enumerate().filter(|(_, defined)| **defined == 0);
    Ok(Column::of_cells(kind, rows, absent.map(|(row, _)| row as u32).collect(), values))
}

/// Returns where each row's values end.
fn ends(definitions: &[i16], repetitions: &[i16]) -> Vec<u32> {
    let mut ends: Vec<u32> = Vec::new();
    let mut end = 0;
    for (defined, repeated) in definitions.iter().zip(repetitions) {
        end += u32::from(*defined > 0);
        match ends.last_mut().filter(|_| *repeated > 0) {
            Some(last) => *last = end,
            None => ends.push(end),
        }
    }
    ends
}

fn texts(values: Vec<ByteArray>) -> Result<Values, ParquetError> {
    let text = |bytes: ByteArray| bytes.as_utf8().map(Arc::from);
    values.into_iter().map(text).collect::<Result<_, _>>().map(Values::Text)
}
