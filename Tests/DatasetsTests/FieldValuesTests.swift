import Datasets
import Testing

/// What fields of a table of text stand for.
@Suite struct FieldValuesTests {
  private static func read<Value>(
    _ text: String, _ values: FieldValues = FieldValues(), _ body: (FieldValues, UnsafeRawBufferPointer) -> Value
  ) -> Value {
    var text = text
    return text.withUTF8 { body(values, UnsafeRawBufferPointer($0)) }
  }

  // The seconds are those of Python: datetime.fromisoformat(text).timestamp(), with timezone.utc where there is none.
  @Test(
    arguments: [
      ("1970-01-01", 0), ("1912-04-10", -1_821_744_000), ("2000-02-29", 951_782_400), ("0001-01-01", -62_135_596_800),
      ("9999-12-31", 253_402_214_400), ("1900-03-01", -2_203_891_200), ("1969-12-31T23:59:59.5", -0.5),
      ("2024-02-29T12:34", 1_709_210_040), ("2024-02-29 12:34:56", 1_709_210_096),
      ("2024-02-29T12:34:56.789Z", 1_709_210_096.789), ("2024-02-29T12:34:56+05:30", 1_709_190_296),
      ("2024-02-29t12:34:56.123456789-0800", 1_709_238_896.123456789), ("2024-02-29 12:34+01", 1_709_206_440),
    ] as [(String, Double)])
  func datesAreSeconds(text: String, seconds: Double) {
    #expect(Self.read(text) { $0.date($1) } == seconds)
  }

  @Test(arguments: [
    "", "2024", "2024-2-29", "2023-02-29", "1900-02-29", "2024-13-01", "2024-00-01", "2024-01-00", "2024-01-32",
    "2024-01-01T", "2024-01-01T12", "2024-01-01T24:00", "2024-01-01T12:60", "2024-01-01T12:00:60", "2024-01-01T12:00.5",
    "2024-01-01T12:00:00.", "2024-01-01T12:00x", "2024-01-01T12:00Zx", "2024-01-01Z", "2024-01-01T12:00+1",
    "2024-01-01T12:00+24:00", "2024-01-01T12:00+01:0", "01-01-2024", "2024/01/01", "20240101", "-2024-01-01",
    "٢٠٢٤-01-01",
  ])
  func whatIsNoDate(text: String) {
    #expect(Self.read(text) { $0.date($1) } == nil)
  }

  @Test func truthInAnyCase() {
    for text in ["true", "True", "TRUE", "yes", "YES", "t", "T", "y", "Y"] {
      #expect(Self.read(text) { $0.boolean($1) } == 1, "\(text)")
    }
    for text in ["false", "False", "no", "No", "f", "F", "n", "N"] {
      #expect(Self.read(text) { $0.boolean($1) } == 0, "\(text)")
    }
    for text in ["", "1", "0", "on", "truer", "ye", "yes ", "false.", "trueno", "Д", "\u{11}", "\u{10}"] {
      #expect(Self.read(text) { $0.boolean($1) } == nil, "\(text)")
    }
    #expect(Self.read("1") { $0.boolean($1, digits: true) } == 1)
    #expect(Self.read("0") { $0.boolean($1, digits: true) } == 0)
    for text in ["\u{11}", "\u{10}", "2", "01", "1.0"] {
      #expect(Self.read(text) { $0.boolean($1, digits: true) } == nil, "\(text.debugDescription)")
    }
  }

  @Test func missingValues() {
    // As in pandas 2: io.parsers.readers.STR_NA_VALUES.
    let usual = [
      "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
      "NULL", "NaN", "None", "n/a", "nan", "null",
    ]
    #expect(Set(FieldValues.usualMissing) == Set(usual))
    for text in usual { #expect(Self.read(text) { $0.isMissing($1) }, "\(text)") }
    for text in ["na", "none", "Null", "0", "?", "-", "NAN", "N/", "NA "] {
      #expect(!Self.read(text) { $0.isMissing($1) }, "\(text)")
    }
    let own = FieldValues(decimalMark: .comma, missing: ["?", "-999", "unbekannt", "1,5"])
    for text in ["?", "-999", "-999,0", "-9,99e2", "unbekannt", "1,5", "1,50"] {
      #expect(Self.read(text, own) { $0.isMissing($1) }, "\(text)")
    }
    for text in ["", "NA", "-99", "999", "1.5"] { #expect(!Self.read(text, own) { $0.isMissing($1) }, "\(text)") }
  }

  @Test func numbers() {
    #expect(Self.read("-1.5e3") { $0.number($1) } == -1500)
    #expect(Self.read("1,5", FieldValues(decimalMark: .comma)) { $0.number($1) } == 1.5)
    for text in ["", "1,5", "nan", "inf", "1e400", "0x10", "1 "] {
      #expect(Self.read(text) { $0.number($1) } == nil, "\(text)")
    }
    #expect(Self.read("9007199254740993") { $0.decimal($1)?.isRoundedWholeNumber } == true)
  }

  @Test(
    arguments: [
      ("1,234", 1234), ("-1,234,567.5", -1_234_567.5), ("+12,345e1", 123_450), ("1234.5", 1234.5), ("12,34", nil),
      ("1,2345", nil), (",123", nil), ("1,,234", nil), ("1.5,000", nil), ("1234,567", nil), ("1,234,", nil),
      ("x,123", nil),
    ] as [(String, Double?)])
  func thousandsComeByThree(text: String, number: Double?) {
    let fields = FieldValues(thousandsMark: ",")
    #expect(Self.read(text, fields) { $0.number($1) } == number)
  }

  @Test(
    arguments: [
      ("3.12.2024", .dayFirst, "2024-12-03"), ("03/12/2024 10:30", .dayFirst, "2024-12-03T10:30"),
      ("12/3/2024", .monthFirst, "2024-12-03"), ("2024-12-03", .dayFirst, "2024-12-03"), ("31.4.2024", .dayFirst, nil),
      ("13/1/2024", .monthFirst, nil), ("3.12/2024", .dayFirst, nil), ("3.12.24", .dayFirst, nil),
      ("3.12.2024", .yearFirst, nil), ("3.12.2024x", .dayFirst, nil), ("29.2.2023", .dayFirst, nil),
      ("29-02-2024", .dayFirst, "2024-02-29"),
    ] as [(String, CSVImport.DateOrder, String?)])
  func datesStandInTheOrderThatIsSet(text: String, order: CSVImport.DateOrder, same: String?) {
    let expected = same.flatMap { iso in Self.read(iso, FieldValues()) { $0.date($1) } }
    #expect((expected == nil) == (same == nil))
    #expect(Self.read(text, FieldValues(dateOrder: order)) { $0.date($1) } == expected)
  }
}
