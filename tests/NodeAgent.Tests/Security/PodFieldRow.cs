using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Tests.Security;

/// <summary>
/// What becomes of fields of one model that a pod is made of. The fields are named as in JSON, separated by blanks.
/// </summary>
internal sealed record PodFieldRow(string Model, string Fields)
{
    public IEnumerable<string> Keys => Fields.Split(' ').Select(name => $"{Model}.{name}");

    /// <summary>Gives the field a value that makes a difference.</summary>
    public Action<V1Pod>? Set { get; init; }

    /// <summary>What must be so for it to make a difference.</summary>
    public Action<V1Pod> Given { get; init; } = _ => { };

    /// <summary>The machine must have AppArmor for it.</summary>
    public bool HasAppArmor { get; init; }

    /// <summary>Where the node shows that it heeds the field.</summary>
    public Aspect? Shows { get; init; }

    /// <summary>What the node says when it does not do it, in the aspect.</summary>
    public string? Says { get; init; }

    /// <summary>A test that proves it, by name, where the proof is not in the row.</summary>
    public string? Test { get; init; }

    /// <summary>Who heeds the field, when it is not the node.</summary>
    public string? Who { get; init; }

    /// <summary>Only holds fields that have rows of their own.</summary>
    public bool Holds { get; init; }
}
