import TestSupport

/// A random model of dense layers as a config would have it, the same for the same seed.
struct RandomModel {
  let inputs: Int
  let outputs: Int
  /// Whether targets are classes; else numbers, one for each output.
  let hasClasses: Bool
  let hasDropout: Bool
  /// The config's `model` and `loss`.
  let settings: String

  private static let extents = [1, 2, 3, 9, 10, 15, 16, 17, 33, 64, 100, 128, 130, 150, 200, 260]

  /// Draws a model; `isWide` for matrices large enough to be products, with as many samples as make blocks larger.
  init(seed: UInt64, isWide: Bool = false) {
    var generator = SeededGenerator(seed)
    func pick<Element>(_ choices: [Element]) -> Element {
      choices[Int.random(in: 0..<choices.count, using: &generator)]
    }
    let extents = isWide ? [129, 130, 150, 200, 260] : Self.extents
    inputs = pick(extents)
    hasClasses = pick([true, false])
    hasDropout = pick([false, false, true])
    outputs = hasClasses ? max(2, pick(isWide ? [2, 10, 15, 16, 130] : extents)) : pick([1, 2, 17])
    var layers: [String] = []
    for _ in 0..<pick([0, 1, 1, 2, 2, 3]) {
      let activation = pick(["tanh", "sigmoid", "linear", "softplus", "relu"])
      let bias = pick([true, true, false])
      layers.append(
        #"{"type": "dense", "units": \#(pick(extents)), "activation": "\#(activation)", "useBias": \#(bias)}"#)
      if pick([false, false, true]) { layers.append(#"{"type": "layerNormalization"}"#) }
      if hasDropout { layers.append(#"{"type": "dropout", "rate": 0.3}"#) }
    }
    layers.append(#"{"type": "dense", "units": \#(outputs)}"#)
    let loss =
      hasClasses
      ? pick([#""softmaxCrossEntropy""#, #"{"type": "softmaxCrossEntropy", "labelSmoothing": 0.1}"#])
      : pick([#""meanSquaredError""#, #"{"type": "huber", "delta": 0.7}"#])
    settings = #""model": {"layers": [\#(layers.joined(separator: ", "))]}, "loss": \#(loss)"#
  }
}

extension RandomModel {
  /// Draws a model of layers that see positions, over samples that are reshaped to one, two or three axes and channels.
  init(spatial seed: UInt64) {
    var generator = SeededGenerator(seed)
    func pick<Element>(_ choices: [Element]) -> Element {
      choices[Int.random(in: 0..<choices.count, using: &generator)]
    }
    let shape = pick([[9, 2], [12, 1], [6, 6, 1], [5, 7, 2], [8, 6, 3], [3, 4, 4, 1]])
    let padding = pick([#""same""#, #""valid""#, "1"])
    let convolution = { (filters: Int, kernel: Int, rest: String) in
      #"{"type": "convolution", "filters": \#(filters), "kernel": \#(kernel), "padding": \#(padding)\#(rest)}"#
    }
    let last = pick([2, 4, 6])
    var layers = [#"{"type": "reshape", "shape": \#(shape)}"#]
    layers.append(
      convolution(4, pick([1, 2, 3]), pick([#", "activation": "relu""#, #", "activation": "tanh", "stride": 2"#, ""])))
    layers += pick([
      [], [#"{"type": "maxPooling", "size": 2, "padding": "same"}"#],
      [#"{"type": "averagePooling", "size": 2, "stride": 1, "padding": "same"}"#],
      [#"{"type": "groupNormalization", "groups": 2}"#], [#"{"type": "batchNormalization"}"#],
      [#"{"type": "upsampling", "size": 2}"#],
      [#"{"type": "transposedConvolution", "filters": 4, "kernel": 2, "stride": 2}"#],
      [#"{"type": "convolution", "kernel": 3, "groups": "depthwise", "padding": "same"}"#],
    ])
    layers += pick([
      [], [convolution(last, 1, #", "groups": 2, "activation": "relu""#)],
      [
        #"{"type": "residual", "layers": [\#(#"{"type": "convolution", "filters": 4, "kernel": 3, "padding": "same"}"#)]}"#
      ],
      [
        #"{"type": "parallel", "branches": [{"layers": []}, {"layers": [{"type": "convolution", "filters": 2, "kernel": 1}]}]}"#
      ],
      [
        #"{"type": "repeat", "count": 2, "layers": [{"type": "convolution", "filters": 4, "kernel": 2, "padding": "same"}]}"#
      ],
      [#"{"type": "layerNormalization"}"#], [#"{"type": "rmsNormalization"}"#],
    ])
    layers += pick([[], [#"{"type": "globalAveragePooling"}"#], [#"{"type": "globalMaxPooling"}"#]])
    inputs = shape.reduce(1, *)
    hasClasses = pick([true, false])
    hasDropout = pick([false, false, true])
    if hasDropout { layers.append(#"{"type": "dropout", "rate": 0.3}"#) }
    outputs = pick([2, 3, 10])
    layers.append(#"{"type": "dense", "units": \#(outputs)}"#)
    settings = """
      "model": {"layers": [\(layers.joined(separator: ", "))]}, "loss": "\(hasClasses ? "softmaxCrossEntropy" : "meanSquaredError")"
      """
  }
}
