using System.Buffers.Binary;
using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Apps.Deployments;

/// <summary>Identity of pod templates: which ReplicaSet is the one that a Deployment asks for now.</summary>
public static class PodTemplates
{
    /// <summary>The label that keeps the pods of a Deployment's ReplicaSets apart.</summary>
    public const string HashLabel = "pod-template-hash";

    /// <summary>Upstream's alphabet for generated names.</summary>
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>The template's canonical bytes, the hash label left out.</summary>
    public static byte[] Canonical(V1PodTemplateSpec template) => CanonicalJson.Of(WithoutHash(template));

    /// <summary>A ReplicaSet's template as its Deployment has it.</summary>
    public static V1PodTemplateSpec WithoutHash(V1PodTemplateSpec template)
    {
        if (template.Metadata?.Labels?.ContainsKey(HashLabel) != true)
        {
            return template;
        }

        var labels = template.Metadata.Labels.Where(l => l.Key != HashLabel).ToDictionary(StringComparer.Ordinal);
        return template with { Metadata = template.Metadata with { Labels = labels } };
    }

    /// <summary>
    /// The hash in a ReplicaSet's name: 32 bits over the template and the number of collisions.
    /// </summary>
    public static string Hash(ReadOnlySpan<byte> canonical, int? collisionCount)
    {
        var hash = CanonicalJson.Hash(canonical);
        if (collisionCount is { } count)
        {
            Span<byte> bytes = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(bytes, count);
            hash = CanonicalJson.Hash(bytes, hash);
        }

        return Letters(hash);
    }

    /// <summary>A number in decimal, each digit written as a letter that makes no words.</summary>
    public static string Letters(uint hash) => string.Concat(
        hash.ToString(CultureInfo.InvariantCulture).Select(digit => Alphabet[digit % Alphabet.Length]));
}
