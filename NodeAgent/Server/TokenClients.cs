using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>What the cluster says of a token, and of its user's rights to this node.</summary>
public interface IAccessReviews
{
    /// <summary>Whose token it is; null when it is nobody's.</summary>
    Task<V1UserInfo?> FindUserAsync(string token, CancellationToken cancellationToken);

    /// <summary>Whether a user may get a subresource of a node.</summary>
    Task<bool> MayGetAsync(V1UserInfo user, string node, string subresource, CancellationToken cancellationToken);
}

/// <summary>Asks the API, as every kubelet does.</summary>
public sealed class ClusterAccessReviews(IKubernetes client) : IAccessReviews
{
    public async Task<V1UserInfo?> FindUserAsync(string token, CancellationToken cancellationToken)
    {
        var review = await client.AuthenticationV1.CreateTokenReviewAsync(
            new V1TokenReview { Spec = new V1TokenReviewSpec { Token = token } }, cancellationToken: cancellationToken);
        return review.Status?.Authenticated == true ? review.Status.User : null;
    }

    public async Task<bool> MayGetAsync(
        V1UserInfo user, string node, string subresource, CancellationToken cancellationToken)
    {
        var review = await client.AuthorizationV1.CreateSubjectAccessReviewAsync(
            new V1SubjectAccessReview
            {
                Spec = new V1SubjectAccessReviewSpec
                {
                    User = user.Username,
                    Uid = user.Uid,
                    Groups = user.Groups,
                    Extra = user.Extra,
                    ResourceAttributes = new V1ResourceAttributes
                    {
                        Verb = "get", Version = "v1", Resource = "nodes", Subresource = subresource, Name = node,
                    },
                },
            },
            cancellationToken: cancellationToken);
        return review.Status?.Allowed == true;
    }
}

/// <summary>
/// Lets those read the node's figures on its own port who have a token and the right to them: <c>get</c> on
/// <c>nodes/metrics</c>, <c>nodes/stats</c>, <c>nodes/pods</c>, or <c>nodes/proxy</c> for any of these. All else on the
/// port is the API's alone, whatever somebody's rights. Answers of the cluster are kept as long as upstream keeps them.
/// </summary>
public sealed class TokenClients(IAccessReviews reviews, string node, TimeProvider time)
{
    private const string Scheme = "Bearer ";
    private const int MaxKnown = 1000;
    private static readonly TimeSpan UserLife = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan AllowedLife = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan DeniedLife = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, (long At, V1UserInfo User)> _users = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string User, string Subresource), (long At, bool Allowed)> _rights = new();

    /// <summary>What is asked for below a node; null for what no token opens.</summary>
    public static string? SubresourceOf(string method, string path) => path switch
    {
        _ when method is not ("GET" or "HEAD") => null,
        "/metrics" => "metrics",
        "/pods" or "/pods/" => "pods",
        _ when path.StartsWith("/metrics/", StringComparison.Ordinal) => "metrics",
        _ when path.StartsWith("/stats/", StringComparison.Ordinal) => "stats",
        _ when path.StartsWith("/logs/", StringComparison.Ordinal) => "log",
        _ => null,
    };

    /// <summary>Judges a request that has no certificate of the API.</summary>
    /// <returns>Null when it may pass; else status and text of the answer.</returns>
    public async Task<(int Status, string Text)?> RefuseAsync(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return (StatusCodes.Status401Unauthorized, "Unauthorized");
        }

        try
        {
            return await JudgeAsync(header[Scheme.Length..].Trim(), context);
        }
        catch (Exception failure) when (failure is HttpOperationException or HttpRequestException)
        {
            return (StatusCodes.Status500InternalServerError, $"Authorization error ({failure.Message})");
        }
    }

    private async Task<(int Status, string Text)?> JudgeAsync(string token, HttpContext context)
    {
        if (await FindUserAsync(token, context.RequestAborted) is not { } user)
        {
            return (StatusCodes.Status401Unauthorized, "Unauthorized");
        }

        var subresource = SubresourceOf(context.Request.Method, context.Request.Path.Value ?? "/");
        if (subresource is not null
            && (await MayAsync(user, subresource, context.RequestAborted)
                || await MayAsync(user, "proxy", context.RequestAborted)))
        {
            return null;
        }

        var asked = subresource switch { null => "proxy", "pods" => "pods proxy", _ => subresource };
        return (
            StatusCodes.Status403Forbidden,
            $"Forbidden (user={user.Username}, verb={VerbOf(context.Request.Method)}, resource=nodes, "
            + $"subresource(s)=[{asked}])\n");
    }

    private async Task<V1UserInfo?> FindUserAsync(string token, CancellationToken cancellationToken)
    {
        var key = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        if (_users.TryGetValue(key, out var known) && time.GetElapsedTime(known.At) < UserLife)
        {
            return known.User;
        }

        var user = await reviews.FindUserAsync(token, cancellationToken);
        if (user is not null)
        {
            Keep(_users, key, (time.GetTimestamp(), user));
        }

        return user;
    }

    private async Task<bool> MayAsync(V1UserInfo user, string subresource, CancellationToken cancellationToken)
    {
        // The whole user: names may hold any sign, and whoever decides may look at all of it.
        var key = (KubernetesJson.Serialize(user), subresource);
        if (_rights.TryGetValue(key, out var known)
            && time.GetElapsedTime(known.At) < (known.Allowed ? AllowedLife : DeniedLife))
        {
            return known.Allowed;
        }

        var allowed = await reviews.MayGetAsync(user, node, subresource, cancellationToken);
        Keep(_rights, key, (time.GetTimestamp(), allowed));
        return allowed;
    }

    private static void Keep<TKey, TValue>(ConcurrentDictionary<TKey, TValue> known, TKey key, TValue value)
        where TKey : notnull
    {
        if (known.Count >= MaxKnown)
        {
            known.Clear();
        }

        known[key] = value;
    }

    private static string VerbOf(string method) => method switch
    {
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => "get",
    };
}
