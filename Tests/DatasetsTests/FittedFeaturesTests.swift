import Datasets
import Foundations
import HDF5
import TestSupport
import Testing

/// What becomes of columns, against scikit-learn's transformers and NumPy.
@Suite struct FittedFeaturesTests {
  /// Fits rules to one table and applies them to another, as a run does; the results are [columns][rows].
  private func fit(
    _ rules: [FeatureRule], _ train: StoredTable, to test: StoredTable? = nil, excluding: Set<String> = []
  ) throws -> (fitted: FittedFeatures, columns: [[Double]]) {
    try withScratchDirectory { directory in
      let path = "\(directory)/table.h5"
      let groups = [("train", train)] + (test.map { [("test", $0)] } ?? [])
      try DatasetWriter().write(
        groups: groups.map { name, table in
          DatasetWriter.Group(
            name: name, inputs: .table(table),
            targets: NumberTable(shape: [table.rowCount], values: [UInt8](repeating: 0, count: table.rowCount)))
        }, to: path)
      let reader = try DatasetReader(path: path)
      let fitted = try FittedFeatures(rules, reader: reader, inputs: "inputs", excluding: excluding)
      let rows = try fitted.rows(
        of: "inputs", in: test == nil ? "train" : "test", from: reader, ignoring: [], as: Double.self)
      let columns = (0..<rows.columns).map { column in (0..<rows.rows).map { rows.row($0)[column] } }
      return (fitted, columns)
    }
  }

  private func numbers(_ columns: (name: String, values: [Double])...) -> StoredTable {
    let rows = columns[0].values.count
    return StoredTable(
      features: columns.map { Feature(name: $0.name, kind: .number) },
      blocks: [
        .number: NumberTable(
          shape: [rows, columns.count], values: (0..<rows).flatMap { row in columns.map { $0.values[row] } })
      ])
  }

  private func category(_ values: [String?], names: [String]) -> StoredTable {
    let codes = values.map { value in Int8(value.flatMap { names.firstIndex(of: $0) } ?? -1) }
    return StoredTable(
      features: [Feature(name: "x", kind: .category, categories: names)],
      blocks: [.category: NumberTable(shape: [values.count, 1], values: codes)])
  }

  private func dates(_ seconds: [Double]) -> StoredTable {
    StoredTable(
      features: [Feature(name: "born", kind: .date)],
      blocks: [.date: NumberTable(shape: [seconds.count, 1], values: seconds)])
  }

  private static let transforms: [(key: String, transforms: [FeatureTransform])] = [
    ("standardize", [.standardize]), ("minMax", [.minMax]), ("clip", [.clip(lower: 0.05, upper: 0.9)]),
    ("mean", [.impute(.mean, indicator: .never)]), ("median", [.impute(.median, indicator: .never)]),
    ("mostFrequent", [.impute(.mostFrequent, indicator: .never)]), ("indicator", [.impute()]),
    ("medianStandardize", [.impute(.median, indicator: .never), .standardize]),
  ]

  // Gaps that nothing fills stay gaps in scikit-learn, and are an error here: such cases compare the error's row.
  @Test func numbersBecomeWhatScikitLearnMakesOfThem() throws {
    let cases = try #require(Fixture.read("features").member("numbers").elements)
    #expect(cases.count == 7)
    for reference in cases {
      let name = try reference.member("name").text ?? ""
      let train = numbers((name, try reference.member("train").numbers))
      let test = numbers((name, try reference.member("test").numbers))
      for (key, transforms) in Self.transforms {
        let expected = try reference.member("results").member(key)
        let width = expected.shape[1]
        if let gap = expected.values.firstIndex(where: \.isNaN) {
          let error = #expect(throws: TrainerError.self) {
            _ = try fit([FeatureRule(.kind(.number), transforms)], train, to: test)
          }
          #expect(error?.message.contains("row \(gap) (counted from 0), column '\(name)' has no value") == true)
          continue
        }
        let (fitted, columns) = try fit([FeatureRule(.kind(.number), transforms)], train, to: test)
        #expect(fitted.outputNames == [name, "\(name) missing"].prefix(width).map(\.self), "\(name) \(key)")
        try #require(columns.count == width, "\(name) \(key)")
        for column in columns.indices {
          let values = stride(from: column, to: expected.values.count, by: width).map { expected.values[$0] }
          // A mean near 1e8 is itself rounded to about 1e-8.
          let tolerance = name == "far" ? 1e-7 : 1e-12
          #expect(difference(columns[column], values, within: tolerance) == nil, "\(name) \(key)")
        }
      }
    }
  }

  @Test func categoriesBecomeWhatScikitLearnMakesOfThem() throws {
    let reference = try Fixture.read("features").member("categories")
    func texts(_ key: String) throws -> [String] { try reference.member(key).elements?.compactMap(\.text) ?? [] }
    let names = try texts("names")
    let (train, test) = (category(try texts("train"), names: names), category(try texts("test"), names: names))
    for (key, transform) in [
      ("ignore", FeatureTransform.oneHot()), ("frequent", .oneHot(minFrequency: 5)),
      ("own", .oneHot(unknown: .own, minFrequency: 5)), ("ordinal", .ordinal()),
    ] {
      let expected = try reference.member("results").member(key)
      let columns = try fit([FeatureRule(.names(["x"]), [transform])], train, to: test).columns
      #expect((0..<test.rowCount).flatMap { row in columns.map { $0[row] } } == expected.values, "\(key)")
    }
  }

  @Test func datesHaveTheirPartsInNumPyToo() throws {
    let reference = try Fixture.read("features").member("dates")
    let table = dates(try reference.member("seconds").numbers)
    let (fitted, columns) = try fit([FeatureRule(.kind(.date), [.parts()])], table)
    #expect(fitted.outputNames == ["born.year", "born.month", "born.day", "born.weekday", "born.hour"])
    for (name, values) in zip(["year", "month", "day", "weekday", "hour"], columns) {
      #expect(values == (try reference.member(name).numbers), "\(name)")
    }
    let since = try fit([FeatureRule(.kind(.date), [.days(epoch: "2000-01-01")])], table).columns
    #expect(difference(since[0], try reference.member("daysSince2000").numbers, within: 1e-15) == nil)
    let first = try fit([FeatureRule(.kind(.date), [.days()])], dates([86_400 * 3, 86_400, 86_400 * 1.5])).columns
    #expect(first == [[2, 0, 0.5]])
  }

  // Columns that no entry is for: what each kind becomes, with and without gaps in the training rows.
  @Test func eachKindHasItsDefault() throws {
    let features = [
      Feature(name: "n", kind: .number), Feature(name: "c", kind: .category, categories: ["u", "v", "w"]),
      Feature(name: "b", kind: .boolean), Feature(name: "d", kind: .date),
    ]
    func table(gaps: Bool) -> StoredTable {
      StoredTable(
        features: features,
        blocks: [
          .number: NumberTable(shape: [4, 1], values: [1, 2, 4, gaps ? .nan : 9] as [Double]),
          .category: NumberTable(shape: [4, 1], values: [2, 0, 2, gaps ? -1 : 0] as [Int8]),
          .boolean: NumberTable(shape: [4, 1], values: [1, 1, 0, gaps ? -1 : 0] as [Int8]),
          .date: NumberTable(shape: [4, 1], values: [0, 86_400, 172_800, gaps ? .nan : 259_200] as [Double]),
        ])
    }
    let (whole, _) = try fit([], table(gaps: false))
    #expect(whole.outputNames == ["n", "c=u", "c=w", "b", "d"])
    let (fitted, columns) = try fit([], table(gaps: true))
    #expect(fitted.outputNames == ["n", "n missing", "c=u", "c=w", "c missing", "b", "d", "d missing"])
    // The median of 1, 2, 4 is 2, and then the mean is 2.25 and the variance 1.1875.
    #expect(difference(columns[0], [1, 2, 4, 2].map { ($0 - 2.25) / 1.1875.squareRoot() }, within: 1e-15) == nil)
    #expect(columns[1] == [0, 0, 0, 1] && columns[7] == [0, 0, 0, 1])
    #expect(columns[2...5] == [[0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1], [1, 1, 0, 1]])
    // Trained without gaps, a row with gaps has no category, the median, and the most frequent.
    let (_, other) = try fit([], table(gaps: false), to: table(gaps: true))
    #expect(other[1][3] == 0 && other[2][3] == 0 && other[3][3] == 0)
  }

  @Test func theMostSpecificEntryCounts() throws {
    let table = numbers(("aa", [1, 3]), ("ab", [1, 3]), ("b", [1, 3]), ("c", [1, 3]))
    let (fitted, columns) = try fit(
      [
        FeatureRule(.kind(.number), [.minMax]), FeatureRule(.pattern("a?"), [.log1p]), FeatureRule(.names(["aa"]), []),
        FeatureRule(.names(["c"]), nil),
      ], table)
    #expect(fitted.outputNames == ["aa", "ab", "b"] && fitted.ignored == ["c"])
    #expect(columns[0] == [1, 3] && columns[2] == [0, 1])
    #expect(difference(columns[1], [0.6931471805599453, 1.3862943611198906], within: 1e-15) == nil)
    let (excluding, _) = try fit([], table, excluding: ["ab", "c"])
    #expect(excluding.outputNames == ["aa", "b"] && excluding.ignored == ["ab", "c"])
  }

  @Test func patternsAreLikeNames() {
    for (name, pattern, isLike) in [
      ("abc", "*", true), ("abc", "a*c", true), ("abc", "a?c", true), ("abc", "a?", false), ("abc", "*b", false),
      ("aXbXc", "a*X*c", true), ("", "*", true), ("", "?", false), ("abab", "*ab", true), ("a.c", "a.c", true),
      ("abc", "a.c", false), ("Zürich", "Z?rich", true),
    ] { #expect(FeatureRule.matches(name, pattern: pattern) == isLike, "\(name) \(pattern)") }
  }

  @Test func numbersCanBeCategoriesToo() throws {
    let (fitted, columns) = try fit(
      [FeatureRule(.names(["n"]), [.oneHot(unknown: .own)])], numbers(("n", [3, 1, 3])), to: numbers(("n", [1, 2, 3])))
    #expect(fitted.outputNames == ["n=1", "n=3", "n other"])
    #expect(columns == [[1, 0, 0], [0, 0, 1], [0, 1, 0]])
  }

  private func message(
    _ rules: [FeatureRule], _ train: StoredTable, to test: StoredTable? = nil
  ) throws -> String {
    let error = try trainerError { try fit(rules, train, to: test) }
    guard let error else { return "no error" }
    let path = error.message.firstRange(of: /\/[^ ']*table\.h5/).map { String(error.message[$0]) } ?? "nothing"
    return "\(error.code.rawValue) \(error.message.replacing(path, with: "T"))"
  }

  @Test func whatDoesNotFitIsNamed() throws {
    let table = numbers(("Age", [1, 2]), ("Fare", [1, 2]))
    let words = category(["u", "v"], names: ["u", "v"])
    let cases: [([FeatureRule], StoredTable, StoredTable?, String)] = [
      (
        [FeatureRule(.names(["age"]), [.standardize])], table, nil,
        "2 data.features[0].name: T has no column 'age'; did you mean 'Age'?"
      ),
      ([FeatureRule(.pattern("x*"), [])], table, nil, "2 data.features[0].pattern: no column of T is like 'x*'"),
      (
        [FeatureRule(.names(["Age"]), []), FeatureRule(.names(["Age"]), [])], table, nil,
        "2 data.features[1]: the column 'Age' is chosen by data.features[0] too"
      ),
      (
        [FeatureRule(.pattern("*"), []), FeatureRule(.pattern("A*"), [])], table, nil,
        "2 data.features[1]: the column 'Age' is chosen by data.features[0] too"
      ),
      ([FeatureRule(.kind(.number), nil)], table, nil, "2 data.features: all columns of T are left out"),
      (
        [FeatureRule(.kind(.category), [.standardize])], words, nil,
        "2 data.features[0].transform[0]: \"standardize\" takes numbers; let \"oneHot\" or \"ordinal\" come first; found the "
          + "category 'x'"
      ),
      (
        [FeatureRule(.kind(.category), [])], words, nil,
        "2 data.features[0]: the category 'x' does not become numbers; add \"oneHot\" or \"ordinal\""
      ),
      (
        [FeatureRule(.kind(.date), [.standardize])], dates([1]), nil,
        "2 data.features[0].transform[0]: \"standardize\" takes no dates"
      ),
      (
        [FeatureRule(.kind(.date), [.days(epoch: nil), .days(epoch: nil)])], dates([1]), nil,
        "2 data.features[0].transform[1]: \"days\" takes dates; found what the transforms before it make of the date '"
      ),
      (
        [FeatureRule(.kind(.number), [.log1p])], table, numbers(("Age", [0, 2]), ("Fare", [0, -1])),
        "3 T: in the group 'test': row 1 (counted from 0), column 'Fare' has -1, but log1p takes numbers greater than -1"
      ),
      (
        [], table, numbers(("Age", [0, .infinity]), ("Fare", [0, 0])),
        "3 T: in the group 'test': row 1 (counted from 0), column 'Age' has an infinity"
      ),
      (
        [], numbers(("Age", [.nan, .nan])), nil,
        "3 T: in the group 'train': the column 'Age' has no value in any training row"
      ),
      (
        [FeatureRule(.kind(.category), [.oneHot(unknown: .error)])], words, category(["u", "w"], names: ["w", "u"]),
        "3 T: in the group 'test': row 1 (counted from 0), column 'x' has the category 'w', which the training rows lack"
      ),
      (
        [FeatureRule(.kind(.category), [.ordinal(unknown: .error)])], words, category(["u", "w"], names: ["w", "u"]),
        "3 T: in the group 'test': row 1 (counted from 0), column 'x' has the category 'w', which the training rows lack"
      ),
      (
        [], table, numbers(("Fare", [0, 0]), ("Age_", [0, 1])),
        "3 T: in the group 'test': there is no column 'Age', which the model was trained with; it has 'Age_', which the "
          + "model does not know"
      ),
      (
        [], table, numbers(("Fare", [0, 0]), ("Age", [0, 1]), ("Cabin", [0, 1])),
        "3 T: in the group 'test': the column 'Cabin' is none that the model was trained with"
      ),
      (
        [], category(["u", "v"], names: ["u", "v"]), numbers(("x", [0, 1])),
        "3 T: in the group 'test': the column 'x' is of the kind number, but the model was trained with category under that name"
      ),
      ([], numbers(("Age", [1e308, -1e308])), nil, "3 T: the columns have numbers so large"),
    ]
    for (rules, train, test, expected) in cases {
      let found = try message(rules, train, to: test)
      #expect(found.hasPrefix(expected), "\(found)")
    }
  }

  // Columns in another order, with codes of their own for the same names, are the same table.
  @Test func otherTablesAreMatchedByName() throws {
    let train = StoredTable(
      features: [
        Feature(name: "n", kind: .number), Feature(name: "c", kind: .category, categories: ["u", "v"]),
        Feature(name: "m", kind: .number),
      ],
      blocks: [
        .number: NumberTable(shape: [3, 2], values: [1, 10, 2, 20, 5, 50] as [Double]),
        .category: NumberTable(shape: [3, 1], values: [0, 1, 1] as [Int8]),
      ])
    let shuffled = StoredTable(
      features: [
        Feature(name: "c", kind: .category, categories: ["w", "v", "u"]), Feature(name: "m", kind: .number),
        Feature(name: "n", kind: .number),
      ],
      blocks: [
        .number: NumberTable(shape: [3, 2], values: [10, 1, 20, 2, 50, 5] as [Float]),
        .category: NumberTable(shape: [3, 1], values: [2, 1, 1] as [Int16]),
      ])
    let (straight, expected) = try fit([], train)
    let (_, found) = try fit([], train, to: shuffled)
    #expect(found == expected)
    #expect(straight.outputNames == ["n", "c=u", "c=v", "m"])
  }

  // What a checkpoint keeps gives the same bits; anything else is refused, and traps nowhere.
  @Test func theTextOfAFitIsTheFit() throws {
    let table = StoredTable(
      features: [
        Feature(name: "n", kind: .number), Feature(name: "c", kind: .category, categories: ["u", "v"]),
        Feature(name: "d", kind: .date), Feature(name: "e", kind: .date),
      ],
      blocks: [
        .number: NumberTable(shape: [3, 1], values: [0.1, 1e-30, .nan] as [Double]),
        .category: NumberTable(shape: [3, 1], values: [0, 1, -1] as [Int8]),
        .date: NumberTable(shape: [3, 2], values: [1, 2, 3, 4, 5e8, 6] as [Double]),
      ])
    let rules = [
      FeatureRule(.names(["n"]), [.impute(), .clip(), .minMax, .standardize]),
      FeatureRule(.names(["c"]), [.oneHot(unknown: .own, minFrequency: 2)]),
      FeatureRule(.names(["d"]), [.parts(), .oneHot()]), FeatureRule(.names(["e"]), [.days(), .log1p]),
    ]
    let (fitted, _) = try fit(rules, table)
    let block = TableBlock(
      rowCount: 2,
      columns: [.numbers([0.3, .nan]), .codes([-2, 1]), .numbers([4e8, 9e8]), .numbers([7, 1e9])], unknown: [1: ["z"]])
    let json = JSONValue.object(fitted.json)
    let again = try #require(FittedFeatures(json: json, features: fitted.features))
    #expect(try again.transform(block, firstRow: 0) == fitted.transform(block, firstRow: 0))
    #expect(again.outputNames == fitted.outputNames)
    // The category has no categories without its feature.
    #expect(FittedFeatures(json: json, features: nil)?.outputNames == nil)

    // Each value in turn replaced by others, and each left out.
    var refused = 0
    for place in json.places {
      for other in [JSONValue.null, 1e308, -1, "x", [], [:], [1, "x"], true, .integer(.max)] {
        let damaged = json.replacing(place[...], with: other)
        guard let read = FittedFeatures(json: damaged, features: fitted.features) else {
          refused += 1
          continue
        }
        // What can be read can be applied, or refuses a row.
        _ = try trainerError { try read.transform(block, firstRow: 0) }
      }
    }
    #expect(refused > 200)
  }
}

extension JSONValue {
  /// The places of all values in this one.
  fileprivate var places: [[String]] {
    switch self {
    case .object(let object):
      object.members.flatMap { member in [[member.key]] + member.value.places.map { [member.key] + $0 } }
    case .array(let elements):
      elements.enumerated().flatMap { index, value in [["\(index)"]] + value.places.map { ["\(index)"] + $0 } }
    default: []
    }
  }

  fileprivate func replacing(_ place: ArraySlice<String>, with other: JSONValue) -> JSONValue {
    guard let key = place.first else { return other }
    switch self {
    case .object(var object):
      object[key] = object[key]?.replacing(place.dropFirst(), with: other)
      return .object(object)
    case .array(var elements):
      if let index = Int(key) { elements[index] = elements[index].replacing(place.dropFirst(), with: other) }
      return .array(elements)
    default: return self
    }
  }
}
