import Foundation
import Foundations
import Training

extension LoadBenchmark {
  /// What `trainer bench data` prints.
  package var text: String {
    var lines = [
      "\(path.onOneLine): \(dataset.onOneLine): \(rows) rows of \(ByteText.text(rowByteCount)), \(way); stored in "
        + "\(ByteText.text(fetchedByteCount)) of \(ByteText.text(rows * rowByteCount))"
    ]
    for turn in turns {
      let rate = turn.rowsPerSecond
      let byDecoding = Double(rows * rowByteCount) / turn.decodingSeconds.median
      let (workers, width) = ("\(turn.workers) \(turn.workers == 1 ? "worker" : "workers")", 12)
      lines.append(
        workers.padding(toLength: max(width, workers.count), withPad: " ", startingAt: 0)
          + "\(NumberText.rate(rate.median, of: "rows")) (\(rate.values.count) passes: "
          + "\(NumberText.rate(rate.least, of: "rows")) to \(NumberText.rate(rate.greatest, of: "rows"))), "
          + "\(NumberText.rate(rate.median * Double(rowByteCount), of: "bytes")) decoded; decoding takes "
          + "\(String(format: "%.3f", turn.decodingSeconds.median)) core-seconds a pass, "
          + "\(NumberText.rate(byDecoding, of: "bytes")) a core")
    }
    if let deflate {
      lines.append(
        "deflate     \(NumberText.rate(deflate.decoding.median, of: "bytes")) a core, "
          + "\(String(format: "%.2f", deflate.decoding.median / deflate.alone.median)) of libdeflate alone "
          + "(\(NumberText.rate(deflate.alone.median, of: "bytes")))")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The same as JSON.
  package var json: JSONValue {
    .object([
      "path": .string(path), "dataset": .string(dataset), "way": .string(way), "rows": .integer(rows),
      "rowBytes": .integer(rowByteCount), "storedBytes": .integer(fetchedByteCount),
      "turns": .array(
        turns.map { turn in
          .object([
            "workers": .integer(turn.workers), "rowsPerSecond": turn.rowsPerSecond.json,
            "decodingSeconds": turn.decodingSeconds.json,
          ])
        }),
      "deflate": deflate.map {
        .object(["bytesPerSecond": $0.decoding.json, "libdeflateBytesPerSecond": $0.alone.json])
      } ?? .null,
    ])
  }
}
