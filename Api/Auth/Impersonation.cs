using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// Acting as somebody else by <c>Impersonate-*</c> headers. Every part of the wanted user needs a right of its own. The
/// narrow modes are tried first (upstream's constrained impersonation): they need the right for what is done, too. The
/// last mode is the old right <c>impersonate</c> alone. The headers end here: nobody behind sees them.
/// </summary>
public sealed partial class Impersonation(
    AuthorizerChain authorizers, ImpersonationMetrics metrics, TimeProvider time, ILogger<Impersonation> logger)
{
    /// <summary>More users than this are not remembered; then all are forgotten.</summary>
    private const int MaxRemembered = 1024;

    private readonly ImpersonationMode[] _modes = ImpersonationMode.All(
        new ImpersonationRights(authorizers, metrics, time));

    // Whoever was let in by one mode is refused in its words: the old right's, for those who have it.
    private readonly ConcurrentDictionary<string, int> _lastMode = new(StringComparer.Ordinal);

    /// <summary>The user that the request acts as: the sender, when it does not say.</summary>
    /// <param name="headers">The request's; those that were read are removed.</param>
    /// <param name="wanted">What the sender wants to do.</param>
    /// <param name="cancellationToken">The request's end.</param>
    /// <param name="audit">Is told who acts as whom; null for nobody.</param>
    public async ValueTask<Outcome<UserIdentity>> ResolveAsync(
        IHeaderDictionary headers, AuthorizationAttributes wanted, CancellationToken cancellationToken,
        AuditRecord? audit = null)
    {
        var read = ImpersonationHeaders.Take(headers);
        if (!read.Succeeded)
        {
            return read.Error;
        }

        if (read.Value is not { } target)
        {
            return wanted.User;
        }

        var began = time.GetTimestamp();
        var found = await FindModeAsync(target, wanted, cancellationToken);
        metrics.Attempted(found.Succeeded ? found.Value.Mode.Name : null, time.GetElapsedTime(began));
        if (!found.Succeeded)
        {
            return found.Error;
        }

        var (mode, acting) = found.Value;
        audit?.Acts(acting, mode.Constraint);
        LogActing(Describe(wanted.User), Describe(acting), wanted.Verb, wanted.Path);
        return acting;
    }

    private async ValueTask<Outcome<(ImpersonationMode Mode, UserIdentity Acting)>> FindModeAsync(
        UserIdentity target, AuthorizationAttributes wanted, CancellationToken cancellationToken)
    {
        Status? refusal = null;
        var sender = wanted.User.Name;
        var isKnown = _lastMode.TryGetValue(sender, out var last);
        foreach (var index in Enumerable.Range(0, _modes.Length).OrderBy(i => !isKnown || i != last))
        {
            if (!_modes[index].Applies(target, wanted.User))
            {
                continue;
            }

            var acting = await _modes[index].CheckAsync(target, wanted, cancellationToken);
            if (acting.Succeeded)
            {
                Remember(sender, index);
                return (_modes[index], acting.Value);
            }

            refusal ??= acting.Error;
        }

        return refusal!;
    }

    private void Remember(string sender, int mode)
    {
        if (_lastMode.Count >= MaxRemembered)
        {
            _lastMode.Clear();
        }

        _lastMode[sender] = mode;
    }

    private static string Describe(UserIdentity user) =>
        user.Groups.Count == 0 ? user.Name : $"{user.Name}[{string.Join(',', user.Groups)}]";

    [LoggerMessage(1, LogLevel.Information, "{Sender} is impersonating {Acting}: {Verb} {Path}")]
    private partial void LogActing(string sender, string acting, string verb, string path);
}
