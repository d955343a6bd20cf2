using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>
/// A FlowSchema together with the level that it names, ready for requests. Immutable: other settings make another one.
/// </summary>
public sealed class Flow
{
    /// <summary>
    /// Hands of so many flows of a schema are remembered; those of others are dealt each time. A hand of six takes 100
    /// bytes, so that all schemas together stay below some megabytes.
    /// </summary>
    private const int MaxHands = 1024;

    private readonly ConcurrentDictionary<string, int[]> _hands = new(StringComparer.Ordinal);
    private readonly FlowRules _rules;
    private readonly string? _distinguisher;
    private readonly QueueSettings _settings;
    private int _known;

    internal Flow(V1FlowSchema schema, PriorityLevel level, FlowStats stats)
    {
        _rules = new FlowRules(schema);
        _distinguisher = schema.Spec?.DistinguisherMethod?.Type;
        _settings = level.Settings;
        (Level, Stats, MaxSeats) = (level, stats, level.MaxSeats);
        (SchemaUid, LevelUid) = (schema.Metadata.Uid ?? "", level.Uid);
        Tags = [new("priority_level", level.Name), new("flow_schema", schema.Metadata.Name)];
    }

    public PriorityLevel Level { get; }

    /// <summary>As what answers name them: names could tell what administrators think of a client.</summary>
    public string SchemaUid { get; }

    public string LevelUid { get; }

    /// <summary>A request may have so many seats.</summary>
    public int MaxSeats { get; }

    public FlowStats Stats { get; }

    internal KeyValuePair<string, object?>[] Tags { get; }

    /// <summary>Whether a request belongs here.</summary>
    public bool Match(RequestInfo request, UserIdentity user) => _rules.Match(request, user);

    /// <summary>What tells flows of this schema apart; the same for all when there is but one queue.</summary>
    public string DistinguisherOf(RequestInfo request, UserIdentity user) => _settings.Queues < 2
        ? ""
        : _distinguisher switch
        {
            "ByUser" => user.Name,
            "ByNamespace" => request.Namespace,
            _ => "",
        };

    /// <summary>The queues that a flow may use; empty when there are none.</summary>
    public ReadOnlySpan<int> HandOf(string distinguisher)
    {
        if (_settings.Queues < 1)
        {
            return [];
        }

        if (_hands.TryGetValue(distinguisher, out var hand))
        {
            return hand;
        }

        hand = Deal(distinguisher);
        if (Interlocked.Increment(ref _known) <= MaxHands)
        {
            _hands.TryAdd(distinguisher, hand);
        }

        return hand;
    }

    private int[] Deal(string distinguisher)
    {
        var hand = new int[_settings.HandSize];
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes($"{Stats.Schema}\0{distinguisher}"));
        ShuffleDealer.Deal(BinaryPrimitives.ReadUInt64LittleEndian(digest), _settings.Queues, hand);
        return hand;
    }
}
