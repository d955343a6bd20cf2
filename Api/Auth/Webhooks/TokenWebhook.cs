using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Auth.Webhooks;

/// <summary>A server that knows bearer tokens.</summary>
/// <param name="ConfigFile">The kubeconfig that says where it is.</param>
/// <param name="Version">Of TokenReview: v1 or v1beta1.</param>
/// <param name="CacheTtl">How long an answer is taken for true; zero keeps none.</param>
public sealed record TokenWebhookSettings(string ConfigFile, string Version, TimeSpan CacheTtl);

/// <summary>
/// Asks a server who bears a token (upstream's <c>authenticator/token/webhook</c>). Its answers are kept for a while,
/// good and bad ones, in a bounded number; failures are not.
/// </summary>
public sealed class TokenWebhook
{
    private const int MaxKept = 4096;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly LruCache<string, (TokenVerdict Verdict, DateTimeOffset Until)> _known = new(MaxKept);
    private readonly TokenWebhookSettings _settings;
    private readonly ReviewWebhook _webhook;
    private readonly IReadOnlyList<string> _audiences;
    private readonly TimeProvider _time;

    /// <param name="settings">Whom to ask, and how.</param>
    /// <param name="audiences">This server's own: what a token is good for of which nothing else is said.</param>
    /// <param name="remote">Calls.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="ConfigurationException">Its kubeconfig cannot be used.</exception>
    public TokenWebhook(
        TokenWebhookSettings settings, IReadOnlyList<string> audiences, RemoteCaller remote, TimeProvider time)
    {
        (_settings, _audiences, _time) = (settings, audiences, time);
        _webhook = new ReviewWebhook(
            TargetOf(settings), "TokenReview", $"authentication.k8s.io/{settings.Version}",
            Timeout, remote, time);
    }

    /// <summary>The server that is asked.</summary>
    /// <exception cref="ConfigurationException">Its kubeconfig cannot be used.</exception>
    public static RemoteTarget TargetOf(TokenWebhookSettings settings) => settings.Version is "v1" or "v1beta1"
        ? RemoteKubeconfig.Load(settings.ConfigFile)
        : throw new ConfigurationException(
            $"unsupported webhook authenticator version {GoText.Quote(settings.Version)}, supported versions are "
            + "\"v1\", \"v1beta1\"");

    /// <summary>Who bears a token that is for one of some audiences, or why nobody does.</summary>
    public async ValueTask<TokenVerdict> ReviewAsync(
        string token, IReadOnlyList<string> audiences, CancellationToken cancellationToken)
    {
        var key = KeyOf(token, audiences);
        if (_known.TryGet(key, out var known) && known.Until > _time.GetUtcNow())
        {
            return known.Verdict;
        }

        var status = await _webhook.AskAsync(writer => WriteSpec(writer, token, audiences), cancellationToken);
        if (!status.Succeeded)
        {
            return TokenVerdict.Refuse(status.Error.Message);
        }

        var verdict = Judge(status.Value, audiences);
        if (_settings.CacheTtl > TimeSpan.Zero && verdict.Complaint.Length == 0)
        {
            _known.Set(key, (verdict, _time.GetUtcNow() + _settings.CacheTtl));
        }

        return verdict;
    }

    private static void WriteSpec(Utf8JsonWriter writer, string token, IReadOnlyList<string> audiences)
    {
        writer.WriteStartObject();
        writer.WriteString("token"u8, token);
        writer.WriteStartArray("audiences"u8);
        foreach (var audience in audiences)
        {
            writer.WriteStringValue(audience);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>A server that names no audiences means this one's.</summary>
    private TokenVerdict Judge(JsonObject status, IReadOnlyList<string> audiences)
    {
        var named = Texts(status["audiences"]);
        IReadOnlyList<string> shared =
            [.. audiences.Where((named.Count > 0 ? named : _audiences).Contains)];
        if (shared.Count == 0)
        {
            return TokenVerdict.Refuse("");
        }

        return IsTrue(status["authenticated"])
            ? new TokenVerdict(UserOf(status["user"] as JsonObject ?? []), shared)
            : TokenVerdict.Refuse(JsonTree.Text(status["error"]) ?? "");
    }

    private static UserIdentity UserOf(JsonObject user)
    {
        var groups = Texts(user["groups"]);
        var extra = user["extra"] as JsonObject ?? [];
        return new UserIdentity
        {
            Name = JsonTree.Text(user["username"]) ?? "",
            Uid = JsonTree.Text(user["uid"]) ?? "",
            Groups = groups.Contains(SystemNames.Authenticated) ? groups : [.. groups, SystemNames.Authenticated],
            Extra = extra.ToDictionary(static e => e.Key, static e => Texts(e.Value), StringComparer.Ordinal),
        };
    }

    private static IReadOnlyList<string> Texts(JsonNode? list) =>
        list is JsonArray items ? [.. items.Select(JsonTree.Text).OfType<string>()] : [];

    private static bool IsTrue(JsonNode? node) => node?.GetValueKind() == JsonValueKind.True;

    /// <summary>Tokens themselves are not kept.</summary>
    private static string KeyOf(string token, IReadOnlyList<string> audiences) => Convert.ToHexString(
        SHA256.HashData(Encoding.UTF8.GetBytes($"{token}\0{string.Join('\0', audiences)}")));
}
