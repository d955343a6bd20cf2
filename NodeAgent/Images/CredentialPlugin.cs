using System.Text.Json;
using k8s.Autorest;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Metrics;

namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>What of a pod's service account a program is shown.</summary>
/// <param name="Source">The account; null for a program that is shown none.</param>
/// <param name="Token">Its token.</param>
/// <param name="Annotations">Those that the program asks for.</param>
/// <param name="Key">What answers are kept apart by.</param>
internal sealed record AccountProof(
    PullAccountSource? Source, string? Token, IReadOnlyDictionary<string, string> Annotations, string Key)
{
    public static readonly AccountProof None = new(null, null, new Dictionary<string, string>(), "");
}

/// <summary>
/// A program that is asked for credentials of the images that it is for; its answers are kept for as long as they say,
/// by image, by registry or for all, and where it is shown tokens for each account or each token by itself
/// (upstream's <c>pkg/credentialprovider/plugin</c>).
/// </summary>
internal sealed partial class CredentialPlugin(
    CredentialProvider provider, string directory, IObjectReader objects, TokenCache tokens, KubeletMeters meters,
    TimeProvider time, ILogger logger)
{
    private const int MaxKept = 1000;
    private const string ForAll = "global";

    private static readonly IReadOnlyList<(string, PullCredential)> Nothing = [];

    private readonly CredentialProgram _program = new(provider, directory, meters, time, logger);
    private readonly CredentialCache _cache = new(MaxKept, time);

    /// <summary>Credentials by what they are for; none when it knows none, or is not for the image.</summary>
    /// <param name="pod">Who needs the image.</param>
    /// <param name="image">The repository, without tag and digest.</param>
    /// <param name="cancellationToken">Ends the wait, not the program, which others may wait for.</param>
    public async Task<IReadOnlyList<(string Registry, PullCredential Credential)>> ProvideAsync(
        V1Pod pod, string image, CancellationToken cancellationToken)
    {
        if (!provider.MatchImages.Any(m => RegistryKeyring.Matches(m, image))
            || await ProofAsync(pod, cancellationToken) is not { } account)
        {
            return Nothing;
        }

        var answer = _cache.Find(
            KeyOf(image, account), KeyOf(ImageReference.Registry(image), account), KeyOf(ForAll, account));
        if (answer is null)
        {
            answer = await _program.AskAsync(image, account, cancellationToken);
            if (answer is null || !IsGood(answer, image, account))
            {
                return Nothing;
            }
        }

        return
        [
            .. (answer.Auth ?? new Dictionary<string, ProvidedCredential?>()).Select(a => (a.Key, new PullCredential(
                new AuthConfig { Username = a.Value?.Username ?? "", Password = a.Value?.Password ?? "" },
                null, account.Source))),
        ];
    }

    /// <summary>Keeps it, if so.</summary>
    private bool IsGood(CredentialProviderResponse answer, string image, AccountProof account)
    {
        if (account.Token is { } token && provider.TokenAttributes?.CacheType != CredentialProviderFiles.PerToken
            && answer.Auth?.Values.Any(a => a?.Password == token) == true)
        {
            LogTokenReturned(provider.Name, image);
            return false;
        }

        var about = answer.CacheKeyType switch
        {
            "Image" => image, "Registry" => ImageReference.Registry(image), "Global" => ForAll, _ => null,
        };
        if (about is null
            || GoDuration.Read(answer.CacheDuration ?? provider.DefaultCacheDuration!, out var life) is not null)
        {
            LogBadKey(provider.Name, about is null ? answer.CacheKeyType : answer.CacheDuration);
            return false;
        }

        if (life > TimeSpan.Zero)
        {
            _cache.Add(KeyOf(about, account), answer, life);
        }

        return true;
    }

    /// <summary>Null when the program is not to be asked for this pod.</summary>
    private async Task<AccountProof?> ProofAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        if (provider.TokenAttributes is not { } wanted)
        {
            return AccountProof.None;
        }

        if (string.IsNullOrEmpty(pod.Spec.ServiceAccountName))
        {
            return wanted.RequireServiceAccount == true ? null : AccountProof.None;
        }

        try
        {
            return await ProofAsync(pod, wanted, cancellationToken);
        }
        catch (Exception failure) when (failure is HttpOperationException or HttpRequestException
            || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogNoAccount(pod.Metadata.NamespaceProperty, pod.Spec.ServiceAccountName, failure.Message);
            return null;
        }
    }

    private async Task<AccountProof?> ProofAsync(
        V1Pod pod, ProviderTokenAttributes wanted, CancellationToken cancellationToken)
    {
        var (space, name) = (pod.Metadata.NamespaceProperty, pod.Spec.ServiceAccountName);
        if (await objects.GetServiceAccountAsync(space, name, cancellationToken) is not { } account)
        {
            LogNoAccount(space, name, "not found");
            return null;
        }

        var had = account.Metadata.Annotations ?? new Dictionary<string, string>();
        if (wanted.RequiredServiceAccountAnnotationKeys.Any(k => !had.ContainsKey(k)))
        {
            return null; // by which annotation a workload opts in is the program's affair
        }

        var shown = wanted.RequiredServiceAccountAnnotationKeys.Concat(wanted.OptionalServiceAccountAnnotationKeys)
            .Where(had.ContainsKey).Order(StringComparer.Ordinal).ToDictionary(static k => k, k => had[k]);
        var status = await tokens.GetStatusAsync(pod, wanted.ServiceAccountTokenAudience, null, cancellationToken);
        var source = new PullAccountSource(account.Metadata.Uid ?? "", space, name);
        var token = wanted.CacheType == CredentialProviderFiles.PerToken ? status.Token : "";
        string[] key = [source.Uid, space, name, token, .. shown.SelectMany(static a => (string[])[a.Key, a.Value])];
        return new AccountProof(source, status.Token, shown, JsonSerializer.Serialize(key));
    }

    private static string KeyOf(string about, AccountProof account) => $"{about}\n{account.Key}";

    [LoggerMessage(1, LogLevel.Warning,
        "Credential provider {Program} returned the service account token as the password for image {Image}: that "
        + "needs the cacheType Token")]
    private partial void LogTokenReturned(string program, string image);

    [LoggerMessage(2, LogLevel.Warning,
        "Credential provider {Program} did not return a valid cacheKeyType or cacheDuration: {Value}")]
    private partial void LogBadKey(string program, string? value);

    [LoggerMessage(3, LogLevel.Warning, "No token of service account {Namespace}/{Name} for an image: {Problem}")]
    private partial void LogNoAccount(string @namespace, string name, string problem);
}
