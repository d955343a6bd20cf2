using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>
/// Makes events of requests, as their policy wants them, and hands them to all sinks (upstream's
/// <c>endpoints/filters/audit.go</c>): one when the request has been read and its sender is known, one when its answer
/// is complete, and for what lasts long one when its answer has begun.
/// </summary>
public sealed class AuditLog
{
    private const int MaxUserAgent = 1024;
    private const string Latency = "apiserver.latency.k8s.io/";

    /// <summary>What takes longer is told with where its time went.</summary>
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(500);

    /// <summary>What is said of a request that is refused because nothing could tell of it.</summary>
    public static readonly Status NotKept = StatusErrors.InternalError("failed to store audit event");

    private readonly AuditPolicy _policy;
    private readonly IAuditSink[] _sinks;
    private readonly AuditMetrics _metrics;
    private readonly TimeProvider _time;

    internal AuditLog(AuditPolicy policy, IEnumerable<IAuditSink> sinks, AuditMetrics metrics, TimeProvider time) =>
        (_policy, _sinks, _metrics, _time) = (policy, [.. sinks], metrics, time);

    /// <summary>
    /// Begins the record of a request, if the policy wants anything of it. From then on it is a feature of the request.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="user">Who sent it.</param>
    /// <param name="isLong">It lasts as long as its client wants.</param>
    /// <returns>False when the request is to be refused, because what tells of it could not be kept.</returns>
    public async ValueTask<bool> BeginAsync(HttpContext context, RequestInfo request, UserIdentity user, bool isLong)
    {
        if (Open(context, request, user) is not { } record)
        {
            return true;
        }

        var trail = new Trail(this, context, record) { IsLong = isLong };
        context.Features.Set(trail);
        if (!await ReceivedAsync(record))
        {
            return false;
        }

        if (isLong)
        {
            context.Response.OnStarting(static trail => ((Trail)trail).StartAsync(), trail);
        }

        return true;
    }

    /// <summary>
    /// Begins the record of a write in process, which is told as the request that it would have been; null when the
    /// policy wants nothing of it.
    /// </summary>
    public async ValueTask<Outcome<AuditRecord>?> BeginAsync(RequestInfo request, UserIdentity user)
    {
        var decision = Decide(request, user);
        if (decision.Level == AuditLevel.None)
        {
            return null;
        }

        var record = new AuditRecord
        {
            Level = decision.Level,
            Omitted = decision.Omitted,
            OmitsManagedFields = decision.OmitsManagedFields,
            Id = Chance.NewId().ToString("D"),
            Uri = request.Path,
            Request = request,
            User = user,
            Received = _time.GetUtcNow(),
        };
        return await ReceivedAsync(record) ? record : NotKept;
    }

    /// <summary>A write in process is done, or refused.</summary>
    public async ValueTask EndAsync(AuditRecord record, AuditStatus status)
    {
        record.Status = status;
        TellTimes(record, null);
        await EmitAsync(record, AuditStages.ResponseComplete);
    }

    /// <summary>Nobody knows who sent a request: one event says so.</summary>
    public ValueTask RefuseAsync(HttpContext context, RequestInfo request) => RefuseAsync(
        context, request, StatusCodes.Status401Unauthorized,
        "Authentication failed, attempted: " + Attempted(context));

    /// <summary>A request is refused before anybody asks who sent it: one event says so.</summary>
    public async ValueTask RefuseAsync(HttpContext context, RequestInfo request, int code, string message)
    {
        if (Open(context, request, null) is { } record)
        {
            record.Status = new AuditStatus(code, Message: message);
            context.Features.Set<AuditRecord>(null);
            await EmitAsync(record, AuditStages.ResponseStarted);
        }
    }

    /// <summary>Has a request answered, and tells of its end.</summary>
    public static async Task WatchAsync(HttpContext context, Func<HttpContext, Task> answer)
    {
        var isComplete = false;
        try
        {
            await answer(context);
            isComplete = true;
        }
        finally
        {
            if (context.Features.Get<Trail>() is { } trail)
            {
                await trail.EndAsync(isComplete);
            }
        }
    }

    private async ValueTask<bool> ReceivedAsync(AuditRecord record)
    {
        if (await EmitAsync(record, AuditStages.RequestReceived))
        {
            return true;
        }

        _metrics.Rejected();
        return false;
    }

    private AuditDecision Decide(RequestInfo request, UserIdentity? user)
    {
        var decision = _policy.Decide(request, user);
        _metrics.Decided(decision.Level);
        return decision;
    }

    private AuditRecord? Open(HttpContext context, RequestInfo request, UserIdentity? user)
    {
        var decision = Decide(request, user);
        if (decision.Level == AuditLevel.None)
        {
            return null;
        }

        var headers = context.Request.Headers;
        var agent = headers.UserAgent.ToString();
        var record = new AuditRecord
        {
            Level = decision.Level,
            Omitted = decision.Omitted,
            OmitsManagedFields = decision.OmitsManagedFields,
            Id = context.Response.Headers["Audit-Id"].ToString(),
            Uri = context.Features.Get<IHttpRequestFeature>()!.RawTarget,
            Request = request,
            User = user,
            SourceIps = SourceIps(headers, context.Connection.RemoteIpAddress),
            UserAgent = agent.Length > MaxUserAgent ? agent[..MaxUserAgent] + "...TRUNCATED" : agent,
            Received = _time.GetUtcNow(),
        };
        foreach (var note in context.Features.Get<IReadOnlyList<AuditNote>>() ?? [])
        {
            record.Annotate(note.Key, note.Value);
        }

        context.Features.Set(record);
        return record;
    }

    private async ValueTask<bool> EmitAsync(AuditRecord record, AuditStages stage)
    {
        if (record.Omitted.HasFlag(stage))
        {
            return true;
        }

        _metrics.Made();
        var now = stage == AuditStages.RequestReceived ? record.Received : _time.GetUtcNow();
        var item = new AuditEvent(
            record, stage, now, AuditEventWriter.Write(record, stage, now, withBodies: true));
        var isKept = true;
        foreach (var sink in _sinks)
        {
            isKept &= await sink.TakeAsync(item);
        }

        return isKept;
    }

    /// <summary>How long a slow request took, and what for (upstream's <c>writeLatencyToAnnotation</c>).</summary>
    private void TellTimes(AuditRecord record, RequestWaits? waits)
    {
        var total = _time.GetUtcNow() - record.Received;
        if (total <= Slow)
        {
            return;
        }

        foreach (var (what, wait) in waits?.Parts ?? [])
        {
            record.Annotate(Latency + what, GoDuration.Format(wait));
        }

        record.Annotate(Latency + "total", GoDuration.Format(total));
    }

    /// <summary>What proxies say, then whoever connected, unless they said that already.</summary>
    private static List<string> SourceIps(IHeaderDictionary headers, IPAddress? remote)
    {
        var result = new List<string>(1);
        if (headers["X-Forwarded-For"].ToString() is { Length: > 0 } proxies)
        {
            foreach (var address in proxies.Split(',', StringSplitOptions.TrimEntries))
            {
                if (IPAddress.TryParse(address, out var forwarded))
                {
                    result.Add(ClientAddress.TextOf(forwarded));
                }
            }
        }

        if (IPAddress.TryParse(headers["X-Real-Ip"].ToString(), out var real)
            && !result.Contains(ClientAddress.TextOf(real)))
        {
            result.Add(ClientAddress.TextOf(real));
        }

        if (remote is not null && (result.Count == 0 || result[^1] != ClientAddress.TextOf(remote)))
        {
            result.Add(ClientAddress.TextOf(remote));
        }

        return result;
    }

    /// <summary>By what somebody tried to prove who they are.</summary>
    private static string Attempted(HttpContext context)
    {
        var authorization = context.Request.Headers.Authorization.ToString();
        string?[] all =
        [
            authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? "bearer"
                : authorization.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase) ? "basic" : null,
            context.Connection.ClientCertificate is null ? null : "x509",
        ];
        var given = string.Join(", ", all.OfType<string>());
        return given.Length > 0 ? given : "<none>";
    }

    /// <summary>The events of one request that are still to come.</summary>
    private sealed class Trail(AuditLog log, HttpContext context, AuditRecord record)
    {
        private bool _hasStarted;

        public bool IsLong { get; init; }

        /// <summary>The head of the answer goes out.</summary>
        public Task StartAsync() => StartAsync(new AuditStatus(context.Response.StatusCode)).AsTask();

        public async ValueTask EndAsync(bool isComplete)
        {
            if (!isComplete)
            {
                // The answer was cut off, as upstream does it by a panic.
                record.Status = new AuditStatus(
                    StatusCodes.Status500InternalServerError, "Failure", "APIServer panic'd: net/http: abort Handler",
                    StatusReasons.InternalError);
                await log.EmitAsync(record, AuditStages.Panic);
                return;
            }

            // A client that went away before anything was answered.
            var status = context.RequestAborted.IsCancellationRequested && !context.Response.HasStarted
                ? new AuditStatus(StatusCodes.Status200OK, "Success", "Connection closed early")
                : new AuditStatus(context.Response.StatusCode);
            if (IsLong)
            {
                await StartAsync(status);
            }

            record.Status ??= status;
            log.TellTimes(record, context.Features.Get<RequestWaits>());
            await log.EmitAsync(record, AuditStages.ResponseComplete);
        }

        private async ValueTask StartAsync(AuditStatus status)
        {
            if (!_hasStarted)
            {
                _hasStarted = true;
                record.Status ??= status;
                await log.EmitAsync(record, AuditStages.ResponseStarted);
            }
        }
    }
}
