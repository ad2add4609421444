import Foundations
import Reporting
import Testing
import Training

/// What a run on several ranks says of them, and the object at its end.
@Suite struct RankTextTests {
  private func heading(_ crew: RankCrew?) -> String {
    let output = Transcript()
    let display = ProgressDisplay(Console(output: output))
    var run = makeRun()
    run.crew = crew
    display.observe(.started(run))
    return output.text
  }

  @Test func theFirstLinesSayWhoTrainsAndWhatEachHas() {
    let even = heading(
      RankCrew(
        hosts: ["a", "a", "b", "b"], workers: [2, 2, 2, 2], shards: [2, 2, 2, 2], shares: [0.25, 0.25, 0.25, 0.25]))
    #expect(even.contains("ranks       4 ranks on 2 hosts, 2 workers each, plain kernels\n"), "\(even)")
    #expect(
      even.contains(
        "each rank   holds the whole dataset and all parameters, computes 2 shards of 2, updates 25.0 % of parameters and "
          + "optimizer state\n"), "\(even)")
    let uneven = heading(RankCrew(hosts: ["a", "a"], workers: [1, 3], shards: [3, 4], shares: [0.4, 0.6]))
    #expect(uneven.contains("2 ranks on 1 host, 1 to 3 workers each, plain kernels\n"), "\(uneven)")
    #expect(uneven.contains("computes 3 to 4 shards of 2, updates 40.0 % to 60.0 % of parameters"), "\(uneven)")
    let alone = heading(nil)
    #expect(alone.contains("workers     3, plain kernels\n") && !alone.contains("rank"), "\(alone)")
  }

  /// A summary from a file does not know who trained.
  @Test func theObjectAtTheEndHasTheKeysOfTheContract() throws {
    let json = makeSummary().json
    guard case .object(let object) = json else { throw TrainerError(.usage, "no object: \(json)") }
    #expect(
      object.keys == [
        "name", "directory", "steps", "epochs", "seconds", "workers", "ranks", "bytesSent", "digest", "checkpoint",
        "best", "train", "test",
      ])
    #expect(json["steps"]?.int == 100 && json["epochs"]?.int == 10 && json["digest"]?.text == "sha256:00ff")
    #expect(json["ranks"] == .null && json["bytesSent"] == .null && json["best"] == .null)
    #expect(json["train"]?["loss"]?.double == 0.5)
    #expect(json.namingNonFinite["test"]?["loss"]?.text == "nan")
  }
}
