/// The names of a parameter's elements in row-major order, such as `w[0]`; of a scalar its own name.
enum ElementNames {
  static func all(of name: String, shape: [Int]) -> [String] {
    guard !shape.isEmpty else { return [name] }
    let indices = shape.reduce([[]]) { indices, extent in indices.flatMap { index in (0..<extent).map { index + [$0] } }
    }
    return indices.map { "\(name)[\($0.map(String.init).joined(separator: ", "))]" }
  }
}
