import Foundations

extension Checkpoint {
  /// What is in the checkpoint, for `trainer checkpoint info`: one line for each value and tensor.
  package var info: String {
    var rows: [(name: String, value: String)] = [
      ("step", String(step)), ("epoch", String(epoch)), ("seed", String(seed)), ("digest", digest.description),
    ]
    rows += provenance.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    rows += progress.sorted { $0.key < $1.key }.map { ("progress/\($0.key)", $0.value.text) }
    for (name, tensors) in sections where !tensors.isEmpty {
      rows.append((name, "\(tensors.reduce(0) { $0 + $1.count }) values in \(tensors.count) tensors"))
      rows += tensors.map { ("  \($0.name)", $0.typeText) }
    }
    return TextTable(rows).text
  }
}
