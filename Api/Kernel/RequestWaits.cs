using Microsoft.AspNetCore.Http;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// How long a request has waited: until it was known who sends it and that they may, in a queue for seats, for
/// webhooks, and for the store. It is a feature of the request, once it may have to.
/// </summary>
public sealed class RequestWaits
{
    private readonly Lock _lock = new();
    private TimeSpan _authenticating;
    private TimeSpan _authorizing;
    private TimeSpan _acting;
    private TimeSpan _queued;
    private TimeSpan _mutating;
    private TimeSpan _validating;
    private TimeSpan _storing;

    /// <summary>What was waited for others than this server and its store.</summary>
    public TimeSpan Total
    {
        get
        {
            lock (_lock)
            {
                return _queued + _mutating + _validating;
            }
        }
    }

    /// <summary>Each wait that there was, by upstream's name of what was waited for.</summary>
    public IReadOnlyList<(string For, TimeSpan Wait)> Parts
    {
        get
        {
            lock (_lock)
            {
                (string, TimeSpan Wait)[] all =
                [
                    ("apf-queue-wait", _queued), ("authentication", _authenticating),
                    ("authorization", _authorizing), ("etcd", _storing), ("impersonation", _acting),
                    ("mutating-webhook", _mutating), ("validating-webhook", _validating),
                ];
                return [.. all.Where(static p => p.Wait > TimeSpan.Zero)];
            }
        }
    }

    /// <summary>Who sends a request took so long to find out.</summary>
    public static void Authenticated(HttpContext context, TimeSpan wait)
    {
        if (IsWorthTelling(wait))
        {
            var waits = Of(context);
            waits.Add(ref waits._authenticating, wait);
        }
    }

    /// <summary>As whom it goes on took so long.</summary>
    public static void Acted(HttpContext context, TimeSpan wait)
    {
        if (IsWorthTelling(wait))
        {
            var waits = Of(context);
            waits.Add(ref waits._acting, wait);
        }
    }

    /// <summary>Whether they may took so long.</summary>
    public static void Authorized(HttpContext context, TimeSpan wait)
    {
        if (IsWorthTelling(wait))
        {
            var waits = Of(context);
            waits.Add(ref waits._authorizing, wait);
        }
    }

    /// <summary>Those of a request.</summary>
    public static RequestWaits Of(HttpContext context)
    {
        if (context.Features.Get<RequestWaits>() is not { } waits)
        {
            waits = new RequestWaits();
            context.Features.Set(waits);
        }

        return waits;
    }

    /// <summary>It has waited for seats.</summary>
    public void Queued(TimeSpan wait) => Add(ref _queued, wait);

    /// <summary>It has waited for a webhook that may change it; they are asked one after the other.</summary>
    public void Mutated(TimeSpan wait) => Add(ref _mutating, wait);

    /// <summary>It has waited for the store.</summary>
    public void Stored(TimeSpan wait) => Add(ref _storing, wait);

    /// <summary>It has waited for several webhooks at once, of which this was one: the longest wait counts.</summary>
    public void Validated(TimeSpan wait)
    {
        lock (_lock)
        {
            _validating = wait > _validating ? wait : _validating;
        }
    }

    /// <summary>Most requests wait for neither, and need no such object.</summary>
    private static bool IsWorthTelling(TimeSpan wait) => wait >= TimeSpan.FromMilliseconds(1);

    private void Add(ref TimeSpan sum, TimeSpan wait)
    {
        lock (_lock)
        {
            sum += wait;
        }
    }
}
