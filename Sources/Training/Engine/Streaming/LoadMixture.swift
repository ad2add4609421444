/// How units that load rows are mixed with shards in one phase, so that each worker's home (Note [Homes] in `Region`) has
/// its share of both and begins with loading: the units that take longest should not be the last to be begun.
struct LoadMixture {
  let shards: Int
  let loads: Int

  enum Unit: Equatable {
    case shard(Int)
    case load(Int)
  }

  /// What a unit is.
  ///
  /// - Precondition: it is one of shards + loads.
  subscript(unit: Int) -> Unit {
    let before = loadsBefore(unit)
    return loadsBefore(unit + 1) > before ? .load(before) : .shard(unit - before)
  }

  private func loadsBefore(_ unit: Int) -> Int { (unit * loads + shards + loads - 1) / (shards + loads) }
}
