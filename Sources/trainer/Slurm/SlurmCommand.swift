import ArgumentParser
import Foundation
import Foundations
import Reporting
import Training

/// `trainer slurm CONFIG --nodes N --time T`.
struct SlurmCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "slurm", abstract: "Writes a batch script that trains a config with Slurm.",
    discussion: """
      The script trains with a rank for each task. The run saves and ends some time before the job does, and the job \
      queues itself again until the run is finished; a node that fails costs the work since the last checkpoint. Each \
      line of the script says what it is for, so that it can be changed by hand. The number of ranks changes no bit of \
      the result.

      MPICH needs --mpi pmi2 and Open MPI --mpi pmix; without it srun takes what the cluster has chosen.

      EXAMPLES
        trainer slurm configs/mlp.json --nodes 4 --time 1h
        trainer slurm configs/mlp.json --nodes 2 --time 2-12:00:00 \\
          --tasks-per-node 2 --cpus-per-task 16 -o mlp.sbatch
      """)

  @Argument(help: "The config, a JSON or YAML file.", completion: .file(extensions: ["json", "yaml", "yml"]))
  var config: String

  @Option(help: ArgumentHelp("Nodes, \(OptionRanges.text(OptionRanges.nodes)).", valueName: "n"))
  var nodes = 1

  @Option(
    help: ArgumentHelp(
      "How long one job may take: 30m, 1h, 1h30m, 1:30:00, 2-12:00:00; 1m to 365d.", valueName: "time"),
    transform: BatchTime.init(argument:))
  var time: BatchTime

  @Option(
    help: ArgumentHelp("Ranks on each node, \(OptionRanges.text(OptionRanges.tasks)).", valueName: "n"))
  var tasksPerNode = 1

  @Option(
    help: ArgumentHelp(
      "Cores of each rank, \(OptionRanges.text(OptionRanges.workers)). (default: the nodes are the job's alone, and the "
        + "ranks share all their cores)", valueName: "n"))
  var cpusPerTask: Int?

  @Option(
    help: ArgumentHelp(
      "How long before the job's end the run saves and ends. (default: a tenth of the time, at most 10m)",
      valueName: "time"), transform: BatchTime.init(argument:))
  var margin: BatchTime?

  @Option(help: ArgumentHelp("The partition.", valueName: "name"))
  var partition: String?

  @Option(help: ArgumentHelp("Whom the time is charged to.", valueName: "name"))
  var account: String?

  @Option(help: "How srun starts MPI: pmi2 for MPICH, pmix for Open MPI. (default: as the cluster has it)")
  var mpi: SlurmScript.Interface?

  @OptionGroup var overrides: OverrideOptions

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The script to write. (default: standard output)", valueName: "file"))
  var output: String?

  @OptionGroup var overwriting: OverwriteOption

  func validate() throws {
    try require(nodes, of: "--nodes", in: OptionRanges.nodes)
    try require(tasksPerNode, of: "--tasks-per-node", in: OptionRanges.tasks)
    try require(cpusPerTask, of: "--cpus-per-task", in: OptionRanges.workers)
    guard time.seconds >= 60 else { throw ValidationError("--time is \(time.text), expected 1m to 365d") }
    if let margin, margin.seconds >= time.seconds {
      throw ValidationError("--margin is \(margin.text), which leaves nothing of the \(time.text) of --time")
    }
    for (option, name) in [("--partition", partition), ("--account", account)] {
      guard let name, name.wholeMatch(of: #/[A-Za-z0-9._,@+-]+/#) == nil else { continue }
      throw ValidationError("\(option) is '\(name)', expected letters, digits and . _ , @ + - only")
    }
  }

  func run() throws {
    let configuration = try RunConfiguration(file: config, overrides: overrides.parsed)
    try requireShards(of: configuration)
    guard let directory = configuration.output else {
      throw TrainerError(.usage, "\(config): the run has no directory, so no job could go on where another ended")
    }
    let file = try output.map { try overwriting.file($0, inputs: [config]) }
    let script = SlurmScript(
      name: configuration.name, directory: FileManager.default.currentDirectoryPath, command: try command,
      checkpoints: RunDirectory(directory).checkpoints.path,
      nodes: nodes, tasksPerNode: tasksPerNode, coresPerTask: cpusPerTask, time: time,
      margin: margin ?? BatchTime(seconds: min(600, max(10, time.seconds / 10))), partition: partition,
      account: account, interface: mpi)
    guard let file else { return try printResult(script.text) }
    try OutputFile.explaining { try file.write(Array(script.text.utf8)) }
    try printResult("wrote \(file.path)\nnext: sbatch \(file.path.shellWord)\n")
  }

  /// Each rank computes a shard at least.
  private func requireShards(of configuration: RunConfiguration) throws {
    let ranks = nodes * tasksPerNode
    let shards = configuration.training.shards
    guard ranks > shards else { return }
    let asked = tasksPerNode == 1 ? "\(nodes) nodes" : "\(nodes) nodes with \(tasksPerNode) tasks each"
    let most = "ask for at most \(shards) \(shards == 1 ? "rank" : "ranks")"
    guard configuration.data != nil else {
      throw TrainerError(
        .usage, "\(asked) are \(ranks) ranks, but a formula without data is computed by one; \(most)")
    }
    throw TrainerError(
      .usage,
      "\(asked) are \(ranks) ranks, but a batch of \(configuration.name) has \(shards) shards, of which each rank takes "
        + "one at least; set training.shards to \(ranks) or more, which changes the trained bits, or \(most)")
  }

  /// The program and its arguments. A job starts in a folder of its own choice, so that all paths are absolute.
  private var command: [String] {
    get throws {
      let program: String
      do {
        program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      } catch {
        throw TrainerError(.usage, "the system does not say where this program lies: \(error.localizedDescription)")
      }
      return [program, "run", URL(filePath: config).path] + overrides.set.flatMap { ["--set", $0] }
    }
  }
}

extension SlurmScript.Interface: ExpressibleByArgument {}
