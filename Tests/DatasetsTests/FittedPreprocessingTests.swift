import Datasets
import Foundations
import HDF5
import Kernels
import TestSupport
import Testing

@Suite struct FittedPreprocessingTests {
  private func rows<Scalar: KernelElement>(_ source: RowSource<Scalar>, _ range: Range<Int>) -> [Scalar] {
    let count = range.count * source.columns
    return [Scalar](unsafeUninitializedCapacity: count) { buffer, made in
      guard let first = buffer.baseAddress else { return }
      range.map { Int64($0) }.withUnsafeBufferPointer { source.gather($0, into: first, kernels: .best) }
      made = count
    }
  }

  /// Fits steps to training rows and applies them to other rows of as many columns.
  private func fit<Value: NativeScalar, Scalar: KernelElement & NativeScalar>(
    _ steps: [PreprocessingStep], train: [Value], to other: [Value], columns: Int, as type: Scalar.Type = Scalar.self
  ) throws -> (fitted: FittedPreprocessing, rows: [Scalar], rowShape: [Int]) {
    try withScratchDirectory { directory in
      let path = "\(directory)/d.h5"
      try writeFile(path) { root in
        for (name, values) in [("train", train), ("test", other)] {
          _ = try root.createGroup(name).createDataset(
            "inputs", shape: [values.count / columns, columns], values: values)
        }
      }
      let reader = try DatasetReader(path: path)
      let fitted = try FittedPreprocessing(steps, reader: reader, inputs: "inputs")
      let source = try fitted.rows(of: "inputs", in: "test", from: reader, as: Scalar.self)
      return (fitted, rows(source, 0..<source.rows), source.rowShape)
    }
  }

  // (x - x_train.mean(axis=0)) / x_train.std(axis=0) by numpy 2.4.6 for the fourth test row of data/diabetes.h5.
  @Test func standardizesAsNumPyDoes() throws {
    let expected = [
      -0.5613774550972253, -0.9557790087219482, -0.38111956780665845, -0.8203900755266872, -0.07605528108947911,
      -0.26235676945463104, 0.780494068975225, -0.8229681237394305, -0.16432053646702088, -1.1586935182820466,
    ]
    let reader = try DatasetReader(path: Repository.data("diabetes"))
    let fitted = try FittedPreprocessing([.standardize], reader: reader, inputs: "inputs")
    let doubles = try fitted.rows(of: "inputs", in: "test", from: reader, as: Double.self)
    #expect(difference(rows(doubles, 3..<4), expected, within: 1e-13) == nil)
    let floats = try fitted.rows(of: "inputs", in: "test", from: reader, as: Float.self)
    #expect(difference(rows(floats, 3..<4).map { Double($0) }, expected, within: 1e-5) == nil)
    #expect(fitted.outputShape == [10])
  }

  // The training group itself has mean 0 and deviation 1; of bytes, after another step, and with three columns of
  // data/digits.h5 that are constant. Row 7 of the test group by numpy 2.4.6, its first twelve columns.
  @Test func standardizesAfterAScale() throws {
    let expected = [
      0.0, -0.33749030386184997, -1.0897042742058023, -0.43320888700681226, 0.26047271436045905, -0.8497201718283339,
      -0.4103751922241867, -0.1225320857376087, -0.05639399125837567, -0.3018419901161222, 0.11903296835853167,
      0.005204790695489453,
    ]
    let reader = try DatasetReader(path: Repository.data("digits"))
    let fitted = try FittedPreprocessing(
      [.scale(factor: 0.0625, offset: -0.5), .standardize], reader: reader, inputs: "inputs")
    let test = try fitted.rows(of: "inputs", in: "test", from: reader, as: Double.self)
    #expect(difference(Array(rows(test, 7..<8).prefix(12)), expected, within: 1e-12) == nil)

    let train = try fitted.rows(of: "inputs", in: "train", from: reader, as: Double.self)
    let values = rows(train, 0..<train.rows)
    for column in 0..<64 {
      let own = stride(from: column, to: values.count, by: 64).map { values[$0] }
      let mean = own.reduce(0, +) / Double(own.count)
      let variance = own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(own.count)
      #expect(abs(mean) < 1e-12 && abs(variance - ([0, 32, 39].contains(column) ? 0 : 1)) < 1e-12, "column \(column)")
    }
  }

  @Test func aConstantColumnIsOnlyCentred() throws {
    let (_, rows, _): (_, [Double], _) = try fit(
      [.standardize], train: [0.1, 1, 0.1, 3, 0.1, 5], to: [0.1, 3, 2.1, 3], columns: 2)
    #expect(rows[0] == 0 && rows[2] == 2, "\(rows)")
    #expect(abs(rows[1]) < 1e-15 && abs(rows[3]) < 1e-15)
  }

  // A mean of 1e8 costs no digits of a deviation of 1.
  @Test func aLargeMeanCostsNoDigits() throws {
    let values = (0..<1000).map { 1e8 + Double($0 % 3 - 1) }
    let (fitted, rows, _): (_, [Double], _) = try fit([.standardize], train: values, to: [1e8 + 1], columns: 1)
    let (ones, others) = (333.0, 334.0)
    let mean = (ones - others) / 1000
    let deviation = ((ones + others) / 1000 - mean * mean).squareRoot()
    #expect(abs(rows[0] - (1 - mean) / deviation) < 1e-7)
    #expect(abs(fitted.affine.scale[0] - 1 / deviation) < 1e-12)
  }

  // As Python's fractions have it, exact and then rounded: (x - mean) / deviation of whole numbers near 2^60 and 1e15.
  @Test(arguments: [1e8, 1e12, 1e15])
  func standardizedNumbersAreRoundedOnce(mean: Double) throws {
    let values = (0..<1000).map { mean + Double($0 % 5 - 2) }
    let deviation = 2.0.squareRoot()
    for other in -2...2 {
      let (_, floats, _): (_, [Float], _) = try fit(
        [.standardize], train: values, to: [mean + Double(other)], columns: 1)
      #expect(floats[0] == Float(Double(other) / deviation))
      let (_, doubles, _): (_, [Double], _) = try fit(
        [.standardize], train: values.map { Int64($0) }, to: [Int64(mean) + Int64(other)], columns: 1)
      #expect(abs(doubles[0] - Double(other) / deviation) < 1e-15)
    }
    let (_, mapped, _): (_, [Float], _) = try fit(
      [.scale(factor: -2, offset: 7), .standardize, .scale(factor: 10, offset: 1)], train: values, to: [mean + 1],
      columns: 1)
    #expect(mapped[0] == Float(1 - 10 / deviation))
  }

  @Test func stepsChainInOrder() throws {
    let steps: [PreprocessingStep] = [
      .scale(factor: 2, offset: 1), .scale(factor: -1, offset: 0), .scale(factor: 0.5, offset: 10),
    ]
    let (fitted, rows, _): (_, [Float], _) = try fit(steps, train: [1, 2] as [UInt8], to: [3, 200], columns: 1)
    #expect(rows == [6.5, -190.5])
    #expect(fitted.affine == AffineColumns(scale: [-1], offset: [9.5]))
  }

  @Test func withoutStepsRowsStayAsTheyAre() throws {
    let (fitted, rows, shape): (_, [Float], _) = try fit([], train: [1.5, 2.5] as [Float], to: [7.25, -1], columns: 2)
    #expect(fitted.affine.isIdentity && rows == [7.25, -1] && shape == [2])
  }

  // Column 0 has the categories 3 and 7, column 2 has -1, 0 and 5; column 1 is a measurement.
  private let table: [Double] = [3, 10, 5, 7, 20, -1, 3, 30, 0]

  @Test func categoriesBecomeColumns() throws {
    let (fitted, rows, shape): (_, [Double], _) = try fit(
      [.oneHot(columns: [2, 0])], train: table, to: [7, 0.5, 0, 3, -4, 5], columns: 3)
    #expect(fitted.categories == [0: [3, 7], 2: [-1, 0, 5]])
    #expect(shape == [6] && fitted.outputShape == [6])
    #expect(rows == [0, 1, 0.5, 0, 1, 0, 1, 0, -4, 0, 0, 1])
  }

  @Test func byDefaultAllColumnsAreCategories() throws {
    let (fitted, rows, shape): (_, [Float], _) = try fit(
      [.oneHot(columns: nil)], train: [0, 1, 2, 1, 0, 0] as [UInt8], to: [2, 0], columns: 2)
    #expect(fitted.categories == [0: [0, 2], 1: [0, 1]])
    #expect(rows == [0, 1, 1, 0] && shape == [4])
  }

  @Test func categoriesAndThenStandardize() throws {
    let (_, rows, _): (_, [Double], _) = try fit(
      [.oneHot(columns: [0]), .standardize], train: [1, 10, 1, 20, 2, 30, 1, 40] as [Double], to: [2, 25], columns: 2)
    // The indicators have means 3/4 and 1/4 and the deviation √(3/16), the measurement mean 25.
    let deviation = (3.0 / 16).squareRoot()
    #expect(difference(rows, [-0.75 / deviation, 0.75 / deviation, 0], within: 1e-14) == nil)
  }

  @Test func anUnknownCategoryIsNamed() throws {
    let error = try trainerError {
      let _: (FittedPreprocessing, [Float], [Int]) = try fit(
        [.oneHot(columns: [0, 2])], train: table, to: [3, 1, 5, 7, 1, 4], columns: 3)
    }
    #expect(error?.code == .data)
    #expect(
      error?.message.split(separator: ": ").last.map(String.init)
        == "row 1, column 2 of the inputs has the category 4.0, which the training group does not have")
  }

  // The 0.1 of a file of float32 is the 0.1 that the training group had in float64.
  @Test func categoriesNeedNotBeStoredInOneType() throws {
    for other in [[0.7, 0.1], [Double(0.7 as Float), Double(0.1 as Float)]] {
      let (_, rows, _): (_, [Float], _) = try fit(
        [.oneHot(columns: nil)], train: [0.1, 0.2, 0.7], to: other, columns: 1)
      #expect(rows == [0, 0, 1, 1, 0, 0])
    }
  }

  // float32 would take both for 16 777 216.
  @Test func categoriesAreToldApartInDoublePrecision() throws {
    let (_, rows, _): (_, [Float], _) = try fit(
      [.oneHot(columns: nil)], train: [16_777_216, 16_777_217] as [Int32], to: [16_777_217, 16_777_216], columns: 1)
    #expect(rows == [0, 1, 1, 0])
  }

  @Test func stepsThatDoNotFit() throws {
    func message(_ steps: [PreprocessingStep]) throws -> String {
      let error = try trainerError {
        let _: (FittedPreprocessing, [Double], [Int]) = try fit(steps, train: table, to: table, columns: 3)
      }
      #expect(error?.code == .usage)
      return error?.message ?? "no error"
    }
    #expect(
      try message([.standardize, .oneHot(columns: [0])])
        == "data.preprocessing[1]: oneHot must be the first step, since it needs the raw categories")
    #expect(
      try message([.oneHot(columns: [1, 3])])
        == "data.preprocessing[0].columns: column 3 is out of range: the inputs have 3 columns, counted from 0")
  }

  @Test func aColumnOfMeasurementsIsNoColumnOfCategories() throws {
    let error = try trainerError {
      let _: (FittedPreprocessing, [Double], [Int]) = try fit(
        [.oneHot(columns: nil)], train: (0...10_000).map { Double($0) / 3 }, to: [0], columns: 1)
    }
    #expect(error?.code == .usage)
    #expect(error?.message.contains("column 0 of 'inputs' has 10001 different values, more than the 10000") == true)
  }

  @Test func rowsOfAnotherShapeAreRefused() throws {
    let error = try trainerError {
      let reader = try DatasetReader(path: Repository.data("iris"))
      let source: RowSource<Float> = try FittedPreprocessing(inputShape: [2, 3]).rows(
        of: "inputs", in: "train", from: reader)
      return source.rows
    }
    #expect(error?.code == .data)
    #expect(
      error?.message
        == "\(Repository.data("iris")): in the group 'train': a row of inputs has the shape [4], but the model was made for [2, 3]"
    )
  }

  @Test func whatACheckpointKeptIsTheSame() throws {
    let (fitted, _, _): (_, [Double], _) = try fit(
      [.oneHot(columns: [0]), .standardize], train: table, to: table, columns: 3)
    let again = FittedPreprocessing(
      inputShape: fitted.inputShape, categories: fitted.categories, affine: fitted.affine)
    #expect(again == fitted && again.outputShape == fitted.outputShape)
  }
}
