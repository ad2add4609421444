/// The one table that says where each parameter lies in the flat parameter vector.
///
/// Entries are contiguous, in the order in which they were added (layer order, weight before bias), without padding:
/// the digest of a model is the digest of that vector's bytes.
public struct ParameterLayout: Sendable, Equatable {
  /// One parameter tensor.
  public struct Entry: Sendable, Equatable {
    /// A path such as `dense1/weight`.
    public let name: String
    /// The extents, outermost first; empty for a scalar.
    public let shape: [Int]
    /// The index of the first element in the flat vector.
    public let offset: Int

    /// The number of elements.
    public var count: Int { shape.reduce(1, *) }
    /// The elements' indices in the flat vector.
    public var range: Range<Int> { offset..<offset + count }
  }

  /// The parameters in layout order.
  public private(set) var entries: [Entry] = []
  /// The length of the flat vector.
  public private(set) var count = 0

  /// Creates an empty layout.
  public init() {}

  /// Appends a parameter and returns its entry.
  ///
  /// - Precondition: no entry has this name yet.
  @discardableResult
  public mutating func append(name: String, shape: [Int]) -> Entry {
    precondition(self[name] == nil, "two parameters are named \(name)")
    let entry = Entry(name: name, shape: shape, offset: count)
    entries.append(entry)
    count += entry.count
    return entry
  }

  /// The entry with that name; linear in the number of entries.
  public subscript(name: String) -> Entry? { entries.first { $0.name == name } }
}
