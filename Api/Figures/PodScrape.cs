using OrleansOrchestrator.Api.Usage;

namespace OrleansOrchestrator.Api.Figures;

/// <summary>What a pod told at one time.</summary>
/// <param name="Time">When it was asked.</param>
/// <param name="Samples">By the name of the series.</param>
internal sealed record PodScrape(DateTimeOffset Time, ILookup<string, PrometheusSample> Samples)
{
    /// <summary>A pod that did not answer, or told too much.</summary>
    public static PodScrape Nothing(DateTimeOffset time) =>
        new(time, Array.Empty<PrometheusSample>().ToLookup(static s => s.Name));

    /// <summary>Reads an answer.</summary>
    /// <param name="text">In Prometheus' text format.</param>
    /// <param name="time">When it was asked for.</param>
    /// <param name="most">So many series at most; of the others nothing is known.</param>
    public static PodScrape Read(string text, DateTimeOffset time, int most) => new(
        time,
        PrometheusText.Read(text).Where(static s => double.IsFinite(s.Value)).Take(most)
            .ToLookup(static s => s.Name, StringComparer.Ordinal));
}
