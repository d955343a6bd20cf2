using OrleansOrchestrator.Interfaces.Kernel;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>What the server alone decides about an object's metadata.</summary>
public static class MetadataStamp
{
    /// <summary>Upstream's alphabet: no vowels, so that no words come up.</summary>
    private const string NameAlphabet = "bcdfghjklmnpqrstvwxz2456789";
    private const int GeneratedLength = 5;
    private const int MaxGeneratedNameLength = 63;

    /// <summary>Fields that no write may bring along, and the type.</summary>
    public static void Normalize(IKubernetesObject<V1ObjectMeta> item, ResourceDefinition definition)
    {
        item.Kind = definition.Kind;
        item.ApiVersion = definition.ApiVersion;
        item.Metadata.SelfLink = null;
    }

    /// <summary>Takes away what nobody says of a new object: it is neither owned nor admitted.</summary>
    public static void Wipe(V1ObjectMeta metadata)
    {
        metadata.CreationTimestamp = null;
        metadata.DeletionTimestamp = null;
        metadata.DeletionGracePeriodSeconds = null;
        metadata.Uid = null;
    }

    /// <summary>Makes an object new.</summary>
    public static void Create(V1ObjectMeta metadata, DateTimeOffset now)
    {
        metadata.DeletionTimestamp = null;
        metadata.DeletionGracePeriodSeconds = null;
        metadata.CreationTimestamp = ApiTime.Seconds(now);
        metadata.Uid = Chance.NewId().ToString("D");
    }

    /// <summary>Carries over what an update never changes.</summary>
    public static void Update(V1ObjectMeta metadata, V1ObjectMeta old)
    {
        if (string.IsNullOrEmpty(metadata.Uid))
        {
            metadata.Uid = old.Uid;
        }

        // An update without a lock is an update of the version that it was computed from.
        metadata.ResourceVersion = old.ResourceVersion;
        metadata.CreationTimestamp = old.CreationTimestamp;
        if (old.DeletionTimestamp is not null)
        {
            metadata.DeletionTimestamp = old.DeletionTimestamp;
        }

        metadata.DeletionGracePeriodSeconds ??= old.DeletionGracePeriodSeconds;
    }

    /// <summary>A name for generateName: the prefix and five random characters.</summary>
    public static string GenerateName(string prefix)
    {
        const int MaxPrefix = MaxGeneratedNameLength - GeneratedLength;
        prefix = prefix.Length > MaxPrefix ? prefix[..MaxPrefix] : prefix;
        return prefix + RandomSuffix();
    }

    /// <summary>Five random characters as upstream appends them to names.</summary>
    public static string RandomSuffix() => Chance.Source.GetString(NameAlphabet, GeneratedLength);
}
