using k8s.Models;
using Microsoft.Extensions.Options;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Figures;

/// <summary>
/// Answers questions for figures from what annotated pods tell: of a pod what it tells itself, of a namespace, a
/// Service or a workload the sum over its pods, and of no object each series of the namespace's pods. What a pod that
/// has fallen silent would add to a sum nobody knows: then there is no sum, for an autoscaler would take a lower one
/// for less work. Of figures of each pod such a pod is left out: autoscalers know what to make of pods without
/// figures.
/// </summary>
internal sealed class FigureReader(ObjectReader reader, ScrapeBook book, IOptions<FigureOptions> options)
{
    /// <summary>So many silent pods are named.</summary>
    private const int SilentNamed = 3;

    private static readonly Dictionary<string, string> NoLabels = [];

    /// <summary>Which pods are an object's.</summary>
    private static readonly Dictionary<ResourceName, Func<ResourceObject, LabelSelector>> Selectors = new()
    {
        [WellKnown.Services] = static o => o.As<V1Service>().Spec?.Selector is { Count: > 0 } labels
            ? LabelSelector.OfMap(labels) : LabelSelector.Nothing,
        [WellKnown.Deployments] = static o => LabelSelector.Of(o.As<V1Deployment>().Spec.Selector),
        [WellKnown.StatefulSets] = static o => LabelSelector.Of(o.As<V1StatefulSet>().Spec.Selector),
        [WellKnown.DaemonSets] = static o => LabelSelector.Of(o.As<V1DaemonSet>().Spec.Selector),
        [WellKnown.ReplicaSets] = static o => LabelSelector.Of(o.As<V1ReplicaSet>().Spec.Selector),
    };

    /// <summary>The figures; that there are none of an object is refused.</summary>
    public async Task<Outcome<IReadOnlyList<FigureItem>>> ReadAsync(
        FigureQuestion question, CancellationToken cancellationToken)
    {
        var series = LabelSelector.Parse(question.SeriesSelector);
        if (!series.Succeeded)
        {
            return series.Error;
        }

        var pods = await PodsAsync(question, cancellationToken);
        if (!pods.Succeeded)
        {
            return pods.Error;
        }

        var targets = pods.Value.Select(ScrapeTarget.Of).OfType<ScrapeTarget>().ToList();
        if (targets.Count > options.Value.MaxPods)
        {
            return StatusErrors.RequestEntityTooLarge(FormattableString.Invariant(
                $"{targets.Count} pods tell figures, of which {options.Value.MaxPods} are asked at most"));
        }

        var told = await book.ReadAsync(question.Metric, targets, cancellationToken);
        if (!told.Succeeded)
        {
            return told.Error;
        }

        var pairs = targets.Zip(told.Value).ToList();
        var silent = pairs.Where(p => IsMissed(p.First, p.Second, question.Metric, series.Value))
            .Select(static p => p.First.Key.Name).ToList();
        if (silent.Count > 0 && !question.IsOfEachPod)
        {
            return Silence(question, silent);
        }

        var found = pairs.Where(static p => !p.Second.IsSilent).SelectMany(pair => SeriesValues
            .Read(question.Metric, series.Value, pair.Second.Before, pair.Second.Last!)
            .Select(s => new FigureItem(pair.First.Key, s.Value, pair.Second.Last!.Time, s.Labels)));
        List<FigureItem> items = question switch
        {
            { IsOfNone: true } => [.. found],
            { Resource: "pods" } => [.. found.GroupBy(static i => i.Of).Select(static g => Sum(g.Key, [.. g]))],
            _ => SumOf(question, [.. found]),
        };
        return items.Count == 0 && !question.IsOfNone ? Missing(question) : items;
    }

    /// <summary>
    /// A pod that starts or ends need not tell, and one that last told nothing of a figure has no part in it.
    /// </summary>
    private static bool IsMissed(ScrapeTarget pod, PodAnswers told, string metric, LabelSelector series) =>
        told.IsSilent && pod.IsServing
        && (told.Last is not { } last || !last.Figures.Contains(metric) || SeriesValues.Has(metric, series, last));

    private static Status Silence(FigureQuestion question, IReadOnlyList<string> silent)
    {
        var of = question.IsOfNone ? "" : $" of {question.Resource} {question.Name}";
        var more = silent.Count > SilentNamed
            ? FormattableString.Invariant($" and {silent.Count - SilentNamed} more")
            : "";
        return StatusErrors.ServiceUnavailable(
            $"unable to fetch metric {question.Metric}{of}: no answer from the metrics endpoints of pods "
            + $"{string.Join(", ", silent.Take(SilentNamed))}{more}");
    }

    private static List<FigureItem> SumOf(FigureQuestion question, IReadOnlyList<FigureItem> found) => found.Count == 0
        ? []
        : [Sum(new ObjectKey(question.Resource == "namespaces" ? "" : question.Namespace, question.Name), found)];

    private static FigureItem Sum(ObjectKey of, IReadOnlyList<FigureItem> items) =>
        new(of, items.Sum(static i => i.Value), items.Min(static i => i.Time), NoLabels);

    private async Task<Outcome<IEnumerable<ResourceObject>>> PodsAsync(
        FigureQuestion question, CancellationToken cancellationToken)
    {
        Outcome<LabelSelector> selected = question switch
        {
            { IsOfNone: true } or { Resource: "namespaces" } => LabelSelector.Everything,
            { IsOfEachPod: true } => LabelSelector.Parse(question.ObjectSelector),
            { Resource: "pods" } => LabelSelector.Everything,
            _ => await SelectorAsync(question, cancellationToken),
        };
        if (!selected.Succeeded)
        {
            return selected.Error;
        }

        var snapshot = await reader.SnapshotAsync(WellKnown.Pods, ReadFreshness.Cached, cancellationToken);
        if (question is { Resource: "pods", IsOfEachPod: false })
        {
            return snapshot.Get(new ObjectKey(question.Namespace, question.Name)) is { } pod
                ? new[] { pod }
                : StatusErrors.NotFound(WellKnown.Pods, question.Name);
        }

        return snapshot.Range(question.Namespace).Where(p => selected.Value.Matches(p.Metadata.Labels)).ToList();
    }

    /// <summary>Of the pods of a Service or a workload; others have none.</summary>
    private async Task<Outcome<LabelSelector>> SelectorAsync(
        FigureQuestion question, CancellationToken cancellationToken)
    {
        var (plural, group) = question.Resource.Split('.', 2) is [var head, var tail]
            ? (head, tail) : (question.Resource, "");
        var resource = new ResourceName(group, plural);
        if (!Selectors.TryGetValue(resource, out var read))
        {
            return Missing(question);
        }

        var key = new ObjectKey(question.Namespace, question.Name);
        return await reader.GetAsync(resource, key, ReadFreshness.Cached, cancellationToken) is { } item
            ? read(item)
            : StatusErrors.NotFound(resource, question.Name);
    }

    /// <summary>In the words of upstream's library for such servers.</summary>
    private static Status Missing(FigureQuestion question)
    {
        var whose = question.Name == FigureQuestion.All ? "" : $" {question.Name}";
        return new Status
        {
            Code = 404, Reason = StatusReasons.NotFound,
            Message = $"the server could not find the metric {question.Metric} for {question.Resource}{whose}",
        };
    }
}
