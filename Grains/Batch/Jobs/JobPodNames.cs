using System.Globalization;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Batch.Jobs;

/// <summary>
/// Names of a Job's pods, <c>JOB-xxxxx</c> or <c>JOB-INDEX-xxxxx</c>, each index with a sequence of its own, so that an
/// interrupted step gives an index the same name again whatever else has changed. One cursor serves all sequences: the
/// highest.
/// </summary>
internal sealed class JobPodNames(string job, string uid, int savedCursor)
{
    /// <summary>Upstream's longest prefix of a generated name.</summary>
    private const int MaxPrefixLength = 58;

    private readonly Dictionary<int, ChildSequence> _sequences = [];

    public string Uid => uid;

    /// <summary>Names begin here after a restart.</summary>
    public int Cursor { get; private set; } = savedCursor;

    /// <summary>Takes notice of the pods that exist; true when the cursor moved and must be saved.</summary>
    public bool Observe(ILookup<int, JobPod> pods, IEnumerable<int> indexes)
    {
        var before = Cursor;
        foreach (var index in indexes.Distinct())
        {
            var sequence = SequenceOf(index);
            sequence.Observe(Existing(pods, index));
            Cursor = Math.Max(Cursor, sequence.Cursor);
        }

        return Cursor > before;
    }

    /// <summary>Numbers for new pods of an index, the next first.</summary>
    public IEnumerable<int> Next(ILookup<int, JobPod> pods, int index) =>
        SequenceOf(index).Next(Existing(pods, index));

    /// <summary>A number is taken: it is not given again.</summary>
    public void Used(int index, int number) => SequenceOf(index).Used(number);

    /// <summary>The names of an index.</summary>
    public ChildNames Of(int index)
    {
        if (index == JobPod.NoIndex)
        {
            return new ChildNames(job, uid);
        }

        var suffix = string.Create(CultureInfo.InvariantCulture, $"-{index}");
        var longest = MaxPrefixLength - suffix.Length - 1;
        return new ChildNames((job.Length > longest ? job[..longest] : job) + suffix, $"{uid}{suffix}");
    }

    private ChildSequence SequenceOf(int index) =>
        _sequences.TryGetValue(index, out var known) ? known : _sequences[index] = new ChildSequence(Cursor);

    private HashSet<int> Existing(ILookup<int, JobPod> pods, int index)
    {
        var (names, result) = (Of(index), new HashSet<int>());
        foreach (var pod in pods[index])
        {
            if (names.TrySequence(pod.Facts.Key.Name, out var number))
            {
                result.Add(number);
            }
        }

        return result;
    }
}
