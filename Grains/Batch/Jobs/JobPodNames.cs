using System.Globalization;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Batch.Jobs;

/// <summary>
/// Names of a Job's pods, <c>JOB-xxxxx</c> or <c>JOB-INDEX-xxxxx</c>, each index with a sequence of its own, so that an
/// interrupted step gives an index the same name again whatever else has changed. One cursor serves all sequences: the
/// highest of those that have children which may go, and so may be missed. (What is known of one index says nothing of
/// the requests for others.)
/// </summary>
internal sealed class JobPodNames(string job, string uid, int savedCursor)
{
    /// <summary>Upstream's longest prefix of a generated name.</summary>
    private const int MaxPrefixLength = 58;

    private readonly Dictionary<int, (ChildNames Names, ChildSequence Numbers)> _indexes = [];
    private int _cursor = savedCursor;

    /// <summary>Takes notice of the pods that exist; returns the cursor to save before others are made.</summary>
    public int Observe(IEnumerable<JobPod> pods)
    {
        foreach (var pod in pods)
        {
            var (names, numbers) = Of(pod.Index);
            if (names.TrySequence(pod.Facts.Key.Name, out var number))
            {
                numbers.Used(number);
            }
        }

        return _indexes.TryGetValue(JobPod.NoIndex, out var only) ? _cursor = only.Numbers.Settle(_cursor) : _cursor;
    }

    /// <summary>The same, returning the cursor to save before any of these pods can go.</summary>
    public int LetGo(IEnumerable<JobPod> pods)
    {
        Observe(pods);
        _cursor = _indexes.Values.Aggregate(_cursor, static (cursor, i) => Math.Max(cursor, i.Numbers.Settle()));
        foreach (var (_, numbers) in _indexes.Values)
        {
            numbers.Settle(_cursor);
        }

        return _cursor;
    }

    /// <summary>Numbers for new pods of an index, the next first.</summary>
    public IEnumerable<int> Next(int index) => Of(index).Numbers.Next();

    /// <summary>A number is taken: it is not given again.</summary>
    public void Used(int index, int number) => Of(index).Numbers.Used(number);

    /// <summary>The names of an index.</summary>
    public ChildNames NamesOf(int index) => Of(index).Names;

    private (ChildNames Names, ChildSequence Numbers) Of(int index) =>
        _indexes.TryGetValue(index, out var known)
            ? known
            : _indexes[index] = (Names(index), new ChildSequence(_cursor));

    private ChildNames Names(int index)
    {
        if (index == JobPod.NoIndex)
        {
            return new ChildNames(job, uid);
        }

        var suffix = string.Create(CultureInfo.InvariantCulture, $"-{index}");
        var longest = MaxPrefixLength - suffix.Length - 1;
        return new ChildNames((job.Length > longest ? job[..longest] : job) + suffix, $"{uid}{suffix}");
    }
}
