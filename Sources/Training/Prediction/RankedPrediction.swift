import DataParallel
import Foundation
import Foundations

/// Predicts the blocks of a source on several ranks. Each reads the whole source and predicts every block of its own turn;
/// rank 0 gets what the others have predicted and writes all blocks in order.
///
/// After each round of as many blocks as there are ranks, all give each other a letter. Whatever stops one, an input that
/// is refused or an output that takes no more, is in its letter, and stops all after the same round.
struct RankedPrediction {
  /// What a rank says after a round.
  private struct Letter: Codable {
    /// The rows of each block of the round, as this rank has read them.
    var rows: [Int] = []
    /// Whether its source is at its end.
    var isLast = false
    /// Whether its output takes no more.
    var isClosed = false
    /// Why its block could not be predicted, or the source not be read on.
    var error: ErrorMessage?
    /// Whether the error is the source's, behind the blocks of the round.
    var isOfSource = false
  }

  private let ranks: any Communicator
  /// Predicts a block.
  private let predict: (PredictionRows, _ firstRow: Int) throws -> PredictedBlock
  private var round: [PredictionRows] = []
  private var ownFirstRow = 0
  private var outputError: (any Error)?
  /// The rows that were written so far.
  private(set) var count = 0

  init(
    _ ranks: any Communicator, predict: @escaping (PredictionRows, _ firstRow: Int) throws -> PredictedBlock
  ) {
    (self.ranks, self.predict) = (ranks, predict)
  }

  /// Writes a block, on rank 0.
  typealias Write = (PredictedBlock, _ kept: [[String]]) throws -> Void

  /// Thrown out of a source when a round has stopped all ranks.
  private struct Stop: Error { let error: any Error }

  /// Ends the other ranks' prediction where rank 0 cannot even begin to write.
  ///
  /// - Throws: `RankFailure`.
  static func decline(_ ranks: any Communicator) throws {
    _ = try ranks.gathered(Letter(isClosed: true))
    _ = try ranks.allGather([])
  }

  /// Predicts all blocks of a source.
  ///
  /// - Throws: What stopped a rank, the first in the order of blocks; `CancellationError` on ranks whose output it is not
  ///   that takes no more; `RankFailure`.
  mutating func run(
    _ source: any PredictionSource, begin: ([String]) throws -> Void, write: Write
  ) throws {
    do {
      try source.forEachBlock { names in
        do { try begin(names) } catch { outputError = error }
      } _: { rows, firstRow in
        try take(rows, firstRow, write)
      }
    } catch let stop as Stop {
      throw stop.error
    } catch let failure as RankFailure {
      throw failure
    } catch {
      // All blocks before it are written first, as in one process.
      do { try finishRound(write, isLast: true, sourceError: error) } catch let stop as Stop { throw stop.error }
      throw error
    }
    do { try finishRound(write, isLast: true) } catch let stop as Stop { throw stop.error }
  }

  private mutating func take(_ rows: PredictionRows, _ firstRow: Int, _ write: Write) throws {
    let isOwn = round.count == ranks.rank
    if isOwn { ownFirstRow = firstRow }
    // Of the others' blocks nothing is needed but the copied columns, for the output.
    round.append(isOwn ? rows : PredictionRows(count: rows.count, inputs: .array([], .float64), kept: rows.kept))
    if round.count == ranks.rankCount { try finishRound(write) }
  }

  private mutating func finishRound(
    _ write: Write, isLast: Bool = false, sourceError: (any Error)? = nil
  ) throws {
    var letter = Letter(rows: round.map(\.count), isLast: isLast, isClosed: outputError != nil)
    var own: [UInt8] = []
    if ranks.rank < round.count {
      do {
        own = try predict(round[ranks.rank], ownFirstRow).bytes
      } catch let failure as RankFailure {
        throw failure
      } catch {
        letter.error = ErrorMessage(error)
      }
    }
    if letter.error == nil, let sourceError { (letter.error, letter.isOfSource) = (ErrorMessage(sourceError), true) }
    let letters = try ranks.gathered(letter)
    let predictions = try ranks.allGather(own)
    if let outputError { throw Stop(error: outputError) }
    if letters.contains(where: \.isClosed) { throw Stop(error: CancellationError()) }
    if let other = letters.indices.first(where: { letters[$0].rows != letter.rows && letters[$0].error == nil }),
      letter.error == nil
    {
      throw Stop(
        error: TrainerError(
          .data,
          "\(ranks.name(of: other)) has read other rows than \(ranks.name(of: ranks.rank)); give all hosts the same file"
        ))
    }
    let refused = letters.indices.first { letters[$0].error != nil && !letters[$0].isOfSource } ?? round.count
    for block in 0..<min(refused, round.count) {
      guard let predicted = PredictedBlock(rows: round[block].count, bytes: predictions[block]) else {
        throw Stop(
          error: TrainerError(
            .data, "\(ranks.name(of: block)) has predicted other rows; give all hosts the same file"))
      }
      count += predicted.rows
      if outputError == nil { do { try write(predicted, round[block].kept) } catch { outputError = error } }
    }
    round = []
    // What the output refuses in a round goes out with the next letter, or after the last with the end of the command.
    let refusal = letters.first { $0.error != nil && !$0.isOfSource }?.error
    if let message = refusal ?? letters.compactMap(\.error).first {
      throw Stop(error: message.trainerError())
    }
    if isLast, let outputError { throw Stop(error: outputError) }
  }
}

extension PredictedBlock {
  /// The numbers, as they go from rank to rank: how many predictions there are, these, and the probabilities.
  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    withUnsafeBytes(of: predictions.count) { bytes.append(contentsOf: $0) }
    for values in [predictions, probabilities] { values.withUnsafeBytes { bytes.append(contentsOf: $0) } }
    return bytes
  }

  /// The block whose `bytes` these are; `nil` if they are of other rows.
  init?(rows: Int, bytes: [UInt8]) {
    let header = MemoryLayout<Int>.size
    guard bytes.count >= header, (bytes.count - header).isMultiple(of: MemoryLayout<Double>.size) else { return nil }
    let (count, numbers) = bytes.withUnsafeBytes { raw in
      (
        raw.loadUnaligned(as: Int.self),
        stride(from: header, to: raw.count, by: MemoryLayout<Double>.size).map {
          raw.loadUnaligned(fromByteOffset: $0, as: Double.self)
        }
      )
    }
    guard count >= 0, count <= numbers.count, rows > 0 ? count.isMultiple(of: rows) : count == 0 else { return nil }
    self.init(rows: rows, predictions: Array(numbers[..<count]), probabilities: Array(numbers[count...]))
  }
}
