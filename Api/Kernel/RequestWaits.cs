using Microsoft.AspNetCore.Http;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// How long a request has waited for others than this server: in a queue for seats, and for webhooks. It is a feature
/// of the request, once it may have to.
/// </summary>
public sealed class RequestWaits
{
    private readonly Lock _lock = new();
    private TimeSpan _serial;
    private TimeSpan _longest;

    /// <summary>All of it.</summary>
    public TimeSpan Total
    {
        get
        {
            lock (_lock)
            {
                return _serial + _longest;
            }
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

    /// <summary>It has waited.</summary>
    public void Add(TimeSpan wait)
    {
        lock (_lock)
        {
            _serial += wait;
        }
    }

    /// <summary>It has waited for several at once, of which this was one: the longest wait counts.</summary>
    public void AddBeside(TimeSpan wait)
    {
        lock (_lock)
        {
            _longest = wait > _longest ? wait : _longest;
        }
    }
}
