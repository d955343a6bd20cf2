using System.Collections.Frozen;
using OrleansOrchestrator.Api.Usage;

namespace OrleansOrchestrator.Api.Figures;

/// <summary>What a pod told at one time.</summary>
/// <param name="Time">When it was asked, as people read it.</param>
/// <param name="Moment">The same on a clock that nobody sets: what ages and rates go by.</param>
/// <param name="Figures">Which were wanted then; of others nothing is known.</param>
/// <param name="Samples">Of those figures, by the name of the series.</param>
internal sealed record PodScrape(
    DateTimeOffset Time, TimeSpan Moment, FrozenSet<string> Figures, ILookup<string, PrometheusSample> Samples)
{
    public int Count { get; } = Samples.Sum(static g => g.Count());

    public static PodScrape Of(
        IEnumerable<PrometheusSample> samples, FrozenSet<string> figures, DateTimeOffset time, TimeSpan moment) =>
        new(time, moment, figures, samples.ToLookup(static s => s.Name, StringComparer.Ordinal));
}
