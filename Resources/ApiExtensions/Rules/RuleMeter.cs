using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace OrleansOrchestrator.Resources.ApiExtensions.Rules;

/// <summary>
/// How long the rules of definitions take, under upstream's names, which count no other expressions: those of one value
/// to compile, those of a whole object to evaluate.
/// </summary>
internal static class RuleMeter
{
    // Those that clients of Prometheus have unless told otherwise.
    private static readonly InstrumentAdvice<double> Bounds = new()
    {
        HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    private static readonly Meter Meter = new("OrleansOrchestrator.Rules");

    private static readonly Histogram<double> Compilations = Meter.CreateHistogram(
        "apiserver_cel_compilation_duration_seconds", "s", "[BETA] CEL compilation time in seconds.", advice: Bounds);

    private static readonly Histogram<double> Evaluations = Meter.CreateHistogram(
        "apiserver_cel_evaluation_duration_seconds", "s", "[BETA] CEL evaluation time in seconds.", advice: Bounds);

    /// <summary>Something begins; what is returned is told when it has ended.</summary>
    public static long Begin() => Stopwatch.GetTimestamp();

    public static void Compiled(long since) => Compilations.Record(Stopwatch.GetElapsedTime(since).TotalSeconds);

    public static void Evaluated(long since) => Evaluations.Record(Stopwatch.GetElapsedTime(since).TotalSeconds);
}
