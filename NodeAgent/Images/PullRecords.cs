using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Metrics;

namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>The Secret that an image was pulled with, and a digest of what it said then.</summary>
public sealed record PullSecretSource
{
    public string Uid { get; init; } = "";

    public string Namespace { get; init; } = "";

    public string Name { get; init; } = "";

    public string CredentialHash { get; init; } = "";

    /// <summary>The same Secret, whatever it says now.</summary>
    public bool IsSameSecret(PullSecretSource other) =>
        Uid == other.Uid && Namespace == other.Namespace && Name == other.Name;
}

/// <summary>The service account by whose token an image was pulled.</summary>
public sealed record PullAccountSource(string Uid, string Namespace, string Name);

/// <summary>Who may use an image that lies on the node.</summary>
public sealed record PulledCredentials
{
    public IReadOnlyList<PullSecretSource> KubernetesSecrets { get; init; } = [];

    public IReadOnlyList<PullAccountSource> KubernetesServiceAccounts { get; init; } = [];

    /// <summary>It was pulled without credentials, or with the node's: every pod may use it.</summary>
    public bool NodePodsAccessible { get; init; }
}

/// <summary>One image that this node pulled, by its id; credentials by repository name.</summary>
public sealed record PulledRecord
{
    public string Kind { get; init; } = "ImagePulledRecord";

    public string ApiVersion { get; init; } = "kubelet.config.k8s.io/v1beta1";

    public DateTimeOffset LastUpdatedTime { get; init; }

    public string ImageRef { get; init; } = "";

    public IReadOnlyDictionary<string, PulledCredentials> CredentialMapping { get; init; } =
        new Dictionary<string, PulledCredentials>();
}

/// <summary>Whether a pod may use an image that is there, and why.</summary>
/// <param name="Result">As upstream's metrics name it.</param>
/// <param name="MustPull">The registry must be asked first.</param>
public readonly record struct PullCheck(string Result, bool MustPull)
{
    public static readonly PullCheck PolicyAllowed = new("credentialPolicyAllowed", false);
    public static readonly PullCheck RecordFound = new("credentialRecordFound", false);
    public static readonly PullCheck MustAuthenticate = new("mustAuthenticate", true);

    /// <summary>What is known of the image could not be read.</summary>
    public static readonly PullCheck Error = new("error", true);
}

/// <summary>
/// Remembers with which credentials each image on the node was pulled, so that a pod does not run a private image only
/// because another pod was allowed to pull it (upstream's <c>KubeletEnsureSecretPulledImages</c>). For which images
/// that counts is a policy (<see cref="PullVerification"/>): unless told otherwise, images that were there before, or
/// were imported, are everybody's.
/// <para>
/// Before a pull an intent is written, after it a record. An intent without a record, as a crash leaves it, says that
/// the image came by a pull of which nothing is known: it must be pulled again. An image that was imported under one
/// name and pulled under another stays everybody's by the first: here upstream, which asks for the bytes alone, would
/// send the pod to a registry that never had it. By its bare id it is nobody's. Files are written beside and renamed,
/// so a reader never sees half of one; an unreadable one counts as unknown.
/// </para>
/// </summary>
public sealed class PullRecords(NodeAgentOptions options, TimeProvider time)
{
    private const int MaxSecretsPerRepository = 100;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly PullVerification _verification = new(
        options.ImagePullCredentialsVerificationPolicy, options.PreloadedImagesVerificationAllowlist);

    private readonly string _pulled = Path.Combine(options.DataDirectory, "image_manager", "pulled");
    private readonly string _pulling = Path.Combine(options.DataDirectory, "image_manager", "pulling");
    private readonly Dictionary<string, int> _intents = [];
    private readonly Lock _lock = new();

    /// <summary>
    /// Call before a pull, with the image's name; fails with <see cref="IOException"/> when it cannot be written down.
    /// </summary>
    public void BeginPull(string image)
    {
        lock (_lock)
        {
            var intent = new { kind = "ImagePullIntent", apiVersion = "kubelet.config.k8s.io/v1beta1", image };
            Write(Path.Combine(_pulling, FileName(image)), intent);
            _intents[image] = _intents.GetValueOrDefault(image) + 1;
        }
    }

    /// <summary>
    /// The pull succeeded, with credentials of a Secret or an account; without either, with what is every pod's.
    /// </summary>
    public void EndPull(string image, string imageId, PullSecretSource? source, PullAccountSource? account = null)
    {
        lock (_lock)
        {
            Merge(image, imageId, new PulledCredentials
            {
                KubernetesSecrets = source is null ? [] : [source],
                KubernetesServiceAccounts = account is null ? [] : [account],
                NodePodsAccessible = source is null && account is null,
            });
            ForgetIntent(image);
        }
    }

    /// <summary>The pull failed: nothing came by it.</summary>
    public void FailPull(string image)
    {
        lock (_lock)
        {
            ForgetIntent(image);
        }
    }

    /// <summary>
    /// Whether a pod with these secrets and this account must ask the registry although the image is there.
    /// </summary>
    public PullCheck Check(
        string image, Image present, IEnumerable<PullSecretSource> secrets, PullAccountSource? account = null)
    {
        lock (_lock)
        {
            try
            {
                var record = Read(RecordOf(present));
                var repository = ImageReference.Repository(image);
                var known = record?.CredentialMapping.GetValueOrDefault(repository);
                var isOfAPull = known is not null || IsBeingPulled(image)
                    || (record is null ? File.Exists(RecordOf(present)) : !HasName(present, repository));
                return !_verification.IsNeeded(repository, isOfAPull) ? PullCheck.PolicyAllowed
                    : known is not null && MayUse(image, present, known, secrets, account) ? PullCheck.RecordFound
                    : PullCheck.MustAuthenticate;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                return PullCheck.Error;
            }
        }
    }

    /// <summary>How many records there are, under upstream's names.</summary>
    public void Write(MetricsText text)
    {
        Count(text, "pullintents", "ImagePullIntents", _pulling);
        Count(text, "pulledrecords", "ImagePulledRecords", _pulled);
    }

    /// <summary>
    /// Forgets images that are gone; records that are younger than <paramref name="listedAt"/> may be of newer ones.
    /// </summary>
    public void Prune(IReadOnlySet<string> imageIds, DateTimeOffset listedAt)
    {
        lock (_lock)
        {
            foreach (var path in FilesIn(_pulled))
            {
                if (Read(path) is not { } record
                        || (record.LastUpdatedTime < listedAt && !imageIds.Contains(record.ImageRef)))
                {
                    File.Delete(path);
                }
            }
        }
    }

    private static void Count(MetricsText text, string name, string kind, string directory) =>
        text.Family(
            $"kubelet_imagemanager_ondisk_{name}", "gauge", $"[ALPHA] Number of {kind} stored on disk.")
            .Sample($"kubelet_imagemanager_ondisk_{name}", FilesIn(directory).Count(), null);

    private static IEnumerable<string> FilesIn(string directory) =>
        Directory.Exists(directory) ? Directory.EnumerateFiles(directory) : [];

    private string RecordOf(Image present) => Path.Combine(_pulled, FileName(present.Id));

    private bool MayUse(
        string image, Image present, PulledCredentials known, IEnumerable<PullSecretSource> secrets,
        PullAccountSource? account) =>
        known.NodePodsAccessible || secrets.Any(s => IsKnown(image, present.Id, known, s))
            || (account is not null && known.KubernetesServiceAccounts.Contains(account));

    private bool IsBeingPulled(string image) =>
        _intents.ContainsKey(image) || File.Exists(Path.Combine(_pulling, FileName(image)));

    private static bool HasName(Image present, string repository) =>
        present.RepoTags.Concat(present.RepoDigests).Any(name => ImageReference.Repository(name) == repository);

    // A secret that changed and a copy of it elsewhere are both as good as the one of the pull, and are remembered as
    // that.
    private bool IsKnown(string image, string imageId, PulledCredentials known, PullSecretSource secret)
    {
        foreach (var used in known.KubernetesSecrets)
        {
            var (sameHash, sameSecret) = (used.CredentialHash == secret.CredentialHash, used.IsSameSecret(secret));
            if (sameHash != sameSecret && known.KubernetesSecrets.Count < MaxSecretsPerRepository)
            {
                Merge(image, imageId, new PulledCredentials { KubernetesSecrets = [secret] });
            }

            if (sameHash || sameSecret)
            {
                return true;
            }
        }

        return false;
    }

    private void Merge(string image, string imageId, PulledCredentials added)
    {
        var path = Path.Combine(_pulled, FileName(imageId));
        var record = Read(path) ?? new PulledRecord { ImageRef = imageId };
        var repository = ImageReference.Repository(image);
        var before = record.CredentialMapping.GetValueOrDefault(repository);
        if (before is { NodePodsAccessible: true })
        {
            return;
        }

        var merged = added.NodePodsAccessible || before is null ? added : before with
        {
            KubernetesSecrets = [
                .. before.KubernetesSecrets.Where(b => !added.KubernetesSecrets.Any(b.IsSameSecret)).TakeLast(
                    MaxSecretsPerRepository - 1),
                .. added.KubernetesSecrets,
            ],
            KubernetesServiceAccounts =
            [
                .. before.KubernetesServiceAccounts.Union(added.KubernetesServiceAccounts)
                    .TakeLast(MaxSecretsPerRepository),
            ],
        };
        Write(path, record with
        {
            LastUpdatedTime = time.GetUtcNow(),
            CredentialMapping = new Dictionary<string, PulledCredentials>(
                record.CredentialMapping) { [repository] = merged },
        });
    }

    private void ForgetIntent(string image)
    {
        if (_intents.TryGetValue(image, out var count) && count > 1)
        {
            _intents[image] = count - 1;
            return;
        }

        _intents.Remove(image);
        File.Delete(Path.Combine(_pulling, FileName(image)));
    }

    private static PulledRecord? Read(string path)
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<PulledRecord>(File.ReadAllBytes(path), Json) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void Write<T>(string path, T content)
    {
        OwnFiles.MakePrivate(Path.GetDirectoryName(path)!);
        OwnFiles.Replace(path, JsonSerializer.SerializeToUtf8Bytes(content, Json));
    }

    private static string FileName(string text) =>
        "sha256-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
