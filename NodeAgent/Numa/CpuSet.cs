using System.Collections;
using System.Collections.Immutable;
using System.Globalization;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.NodeAgent.Numa;

/// <summary>A set of logical CPUs, written as the kernel does: <c>0-3,8</c>. Also used for ids of cores, sockets and
/// nodes. Pure.</summary>
public sealed class CpuSet : IReadOnlyCollection<int>, IEquatable<CpuSet>
{
    /// <summary>As many as a kernel can be built for.</summary>
    private const int Limit = 8192;

    public static readonly CpuSet Empty = new(ImmutableSortedSet<int>.Empty);

    private readonly ImmutableSortedSet<int> _cpus;

    private CpuSet(ImmutableSortedSet<int> cpus) => _cpus = cpus;

    public int Count => _cpus.Count;

    public bool IsEmpty => _cpus.IsEmpty;

    public static CpuSet Of(IEnumerable<int> cpus) => new([.. cpus]);

    public static CpuSet Of(params ReadOnlySpan<int> cpus) => new([.. cpus]);

    /// <summary>What a text says that is known to be right.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static CpuSet Parse(string text) =>
        Read(text, out var cpus) is { } problem ? throw new FormatException(problem) : cpus;

    /// <summary>Null when the text is a list of CPUs and ranges; else why not, in Go's words where it says so too.
    /// </summary>
    public static string? Read(string text, out CpuSet cpus)
    {
        cpus = Empty;
        var found = ImmutableSortedSet.CreateBuilder<int>();
        foreach (var range in text.Length == 0 ? [] : text.Split(','))
        {
            var bounds = range.Split('-', 2);
            foreach (var bound in bounds)
            {
                if (!int.TryParse(bound, NumberStyles.None, CultureInfo.InvariantCulture, out _))
                {
                    return $"strconv.Atoi: parsing {GoQuotes.Quote(bound)}: invalid syntax";
                }
            }

            var (first, last) = (Number(bounds[0]), Number(bounds[^1]));
            if (first > last)
            {
                return $"invalid range {GoQuotes.Quote(range)} ({first} > {last})";
            }

            if (last >= Limit)
            {
                return $"CPU {last} of range {GoQuotes.Quote(range)} is not below {Limit}";
            }

            found.UnionWith(Enumerable.Range(first, last - first + 1));
        }

        cpus = new CpuSet(found.ToImmutable());
        return null;
    }

    public bool Contains(int cpu) => _cpus.Contains(cpu);

    public bool IsSubsetOf(CpuSet other) => _cpus.IsSubsetOf(other._cpus);

    public CpuSet Union(CpuSet other) => new(_cpus.Union(other._cpus));

    public CpuSet Except(CpuSet other) => new(_cpus.Except(other._cpus));

    public CpuSet Intersect(CpuSet other) => new(_cpus.Intersect(other._cpus));

    public bool Equals(CpuSet? other) => other is not null && _cpus.SetEquals(other._cpus);

    public override bool Equals(object? obj) => Equals(obj as CpuSet);

    public override int GetHashCode() => _cpus.Aggregate(Count, static (hash, cpu) => HashCode.Combine(hash, cpu));

    public IEnumerator<int> GetEnumerator() => _cpus.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString()
    {
        var parts = new List<string>();
        for (var i = 0; i < _cpus.Count;)
        {
            var last = i;
            while (last + 1 < _cpus.Count && _cpus[last + 1] == _cpus[last] + 1)
            {
                last++;
            }

            parts.Add(last == i ? Text(_cpus[i]) : $"{Text(_cpus[i])}-{Text(_cpus[last])}");
            i = last + 1;
        }

        return string.Join(',', parts);
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(int cpu) => cpu.ToString(CultureInfo.InvariantCulture);
}
