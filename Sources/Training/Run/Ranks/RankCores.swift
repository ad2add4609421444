import DataParallel
import Foundation
import Foundations

/// How the cores of hosts are divided among their ranks, where nobody has said how many workers there are to be.
package struct RankCores: Sendable, Equatable {
  /// What a rank may use.
  package struct Grant: Codable, Sendable, Equatable {
    /// The cores of its affinity mask.
    package var cores: [Int]
    /// The cores that its host has.
    package var hostCores: Int
    /// The cores' worth of time that its control group grants; `nil` for no limit.
    package var quota: Double?

    /// Creates the value.
    package init(cores: [Int], hostCores: Int, quota: Double? = nil) {
      self.cores = cores
      self.hostCores = hostCores
      self.quota = quota
    }

    /// That of this process.
    static var own: Grant {
      let count = ProcessInfo.processInfo.activeProcessorCount
      let status = ControlGroup.contents(of: "/proc/self/status") ?? ""
      let prefix = "Cpus_allowed_list:"
      let line = status.split(separator: "\n").first { $0.hasPrefix(prefix) }
      let cores = line.map { Grant.cores(in: String($0.dropFirst(prefix.count))) } ?? []
      return Grant(
        cores: cores.isEmpty ? Array(0..<availableCores()) : cores, hostCores: max(count, cores.count),
        quota: ControlGroup().quota)
    }

    /// The numbers of a list such as `0-3,8,10-11`.
    package static func cores(in list: String) -> [Int] {
      list.split(separator: ",").flatMap { part -> [Int] in
        let ends = part.split(separator: "-").compactMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        guard let first = ends.first, let last = ends.last, first <= last else { return [] }
        return Array(first...last)
      }
    }
  }

  /// The workers of each rank.
  package let workers: [Int]
  /// The first rank that is bound to one core though its host has cores that no rank may use, and how many cores the host
  /// has; `nil` if there is none.
  package let narrow: (rank: Int, hostCores: Int)?

  /// Divides the cores of all hosts. All ranks call it.
  ///
  /// - Throws: `RankFailure`.
  package init(_ ranks: any Communicator) throws {
    self.init(hosts: ranks.hosts, grants: try ranks.gathered(Grant.own))
  }

  /// Divides cores: each goes to one of the ranks of its host that may use it, the one with the fewest so far. A rank has at
  /// least one worker.
  package init(hosts: [String], grants: [Grant]) {
    var workers = [Int](repeating: 0, count: hosts.count)
    var narrow: (rank: Int, hostCores: Int)?
    for host in Set(hosts) {
      let ranks = hosts.indices.filter { hosts[$0] == host }
      let cores = Set(ranks.flatMap { grants[$0].cores })
      func users(_ core: Int) -> [Int] { ranks.filter { grants[$0].cores.contains(core) } }
      // First those that few may use.
      for core in cores.sorted(by: { (users($0).count, $0) < (users($1).count, $1) }) {
        if let poorest = users(core).min(by: { (workers[$0], $0) < (workers[$1], $1) }) { workers[poorest] += 1 }
      }
      for rank in ranks {
        if grants[rank].cores.count == 1, cores.count < grants[rank].hostCores, rank <= narrow?.rank ?? rank {
          narrow = (rank, grants[rank].hostCores)
        }
        // Ranks of one container share what it grants.
        let granted = grants[rank].quota.map { Int(($0 / Double(ranks.count)).rounded(.up)) } ?? .max
        workers[rank] = max(1, min(workers[rank], granted))
      }
    }
    self.workers = workers
    self.narrow = narrow
  }

  package static func == (left: RankCores, right: RankCores) -> Bool {
    left.workers == right.workers && left.narrow?.rank == right.narrow?.rank
      && left.narrow?.hostCores == right.narrow?.hostCores
  }
}
