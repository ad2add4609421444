/// The one table that says where each parameter lies in the flat parameter vector.
///
/// Entries are contiguous, in the order in which they were added (layer order, weight before bias), without padding:
/// the digest of a model is the digest of that vector's bytes.
///
/// Note [State]. Behind the parameters lies what a model keeps but does not learn by its gradient, such as the running
/// averages of a batch normalization. It goes the way of parameters through plans, slots, the sum over the shards, ranks and
/// checkpoints; but what a shard has in the place of a gradient is what is to be taken off, no optimizer acts on it, and
/// nothing compares it with a derivative.
public struct ParameterLayout: Sendable, Equatable {
  /// One parameter tensor.
  public struct Entry: Sendable, Equatable {
    /// A path such as `dense1/weight`.
    public let name: String
    /// The extents, outermost first; empty for a scalar.
    public let shape: [Int]
    /// The index of the first element in the flat vector.
    public let offset: Int
    /// Whether it is state, as Note [State] says.
    public let isState: Bool

    /// The number of elements.
    public var count: Int { shape.reduce(1, *) }
    /// The elements' indices in the flat vector.
    public var range: Range<Int> { offset..<offset + count }
  }

  /// The parameters in layout order, and then the state.
  public private(set) var entries: [Entry] = []
  /// The length of the flat vector.
  public private(set) var count = 0

  /// The parameters: what an optimizer acts on.
  public var trained: ArraySlice<Entry> { entries.prefix { !$0.isState } }
  /// The elements of the flat vector that are state: its last ones.
  public var state: Range<Int> { (entries.first { $0.isState }?.offset ?? count)..<count }

  /// Creates an empty layout.
  public init() {}

  /// Appends a parameter, or state, and returns its entry.
  ///
  /// - Precondition: no entry has this name yet, and no parameter comes behind state.
  @discardableResult
  public mutating func append(name: String, shape: [Int], isState: Bool = false) -> Entry {
    precondition(self[name] == nil, "two parameters are named \(name)")
    precondition(isState || entries.last?.isState != true, "\(name) comes behind the state")
    let entry = Entry(name: name, shape: shape, offset: count, isState: isState)
    entries.append(entry)
    count += entry.count
    return entry
  }

  /// The entry with that name; linear in the number of entries.
  public subscript(name: String) -> Entry? { entries.first { $0.name == name } }
}
