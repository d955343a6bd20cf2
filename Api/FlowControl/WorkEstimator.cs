using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>
/// How wide a request is, by upstream's figures: a list, and a watch that wants the present state first, by the bytes
/// that it reads, a write by those who watch. All else is one seat.
/// </summary>
public sealed class WorkEstimator(WatchCounts watches, ResourceCatalog? catalog = null, ResourceCaches? caches = null)
{
    /// <summary>No request is wider, however much it reads and however many watch.</summary>
    public const int MaxSeats = 10;

    public const long BytesPerSeat = 100_000;

    /// <summary>An answer that is sent while it is made takes no more of the memory.</summary>
    public const long MaxBytes = 1_000_000;

    public const int WatchesPerSeat = 10;

    /// <summary>How long the events of a write are thought to be on their way, in one seat for ten watches.</summary>
    public static readonly TimeSpan EventTime = TimeSpan.FromMilliseconds(5);

    /// <summary>How many watches a write is likely to reach; null of what nobody could watch.</summary>
    public int? WatchesOf(RequestInfo request) =>
        request is { Verb: "create" or "update" or "patch" or "delete", IsResourceRequest: true }
            && !ChangesNothing(request) ? watches.Of(request) : null;

    /// <summary>The estimate for a request of a level that gives one request so many seats at most.</summary>
    public SeatEstimate Estimate(HttpRequest http, RequestInfo request, int maxSeats) => request.Verb switch
    {
        "list" or "watch" => Read(new QueryReader(http.Query), request, maxSeats),
        _ => WatchesOf(request) is { } count ? Write(count, maxSeats) : SeatEstimate.One,
    };

    private bool ChangesNothing(RequestInfo request) => request.Subresource.Length > 0
        && catalog?.Current.Find(request.ResourceName, request.Version)?.Subresources
            .Any(s => s.Name == request.Subresource && s.ChangesNothing) == true;

    /// <summary>What cannot be read will be refused, and is as wide as any until then; a watch is a list when it begins
    /// with all that there is.</summary>
    private SeatEstimate Read(QueryReader query, RequestInfo request, int maxSeats)
    {
        var (_, limit, wantsState) =
            (query.Number("timeoutSeconds"), query.Number("limit"), query.OptionalFlag("sendInitialEvents"));
        return query.Refusal is not null ? new SeatEstimate(Math.Min(maxSeats, MaxSeats))
            : request.Verb == "watch" && wantsState != true ? SeatEstimate.One
            : List(limit, request, maxSeats);
    }

    private SeatEstimate List(long? limit, RequestInfo request, int maxSeats)
    {
        if (catalog?.Current.Find(request.ResourceName, request.Version) is not { } definition
            || caches?.Find(definition.Storage) is not { } cache)
        {
            return SeatEstimate.One;
        }

        var snapshot = cache.Current;
        long objects = snapshot.CountRange(request.Namespace);
        if (request.Name.Length > 0)
        {
            // A list by name reads one object, which can be a large one.
            objects = Math.Min(objects, 1);
        }
        else if (limit > 0)
        {
            objects = Math.Min(objects, limit.Value);
        }

        var bytes = objects * snapshot.Bytes / Math.Max(1, snapshot.Count);
        var seats = (Math.Min(bytes, MaxBytes) + BytesPerSeat - 1) / BytesPerSeat;
        return new SeatEstimate((int)Math.Clamp(seats, 1, maxSeats));
    }

    private static SeatEstimate Write(int count, int maxSeats)
    {
        if (count < WatchesPerSeat)
        {
            return SeatEstimate.One;
        }

        var seats = (count + WatchesPerSeat - 1) / WatchesPerSeat;
        return new SeatEstimate(1, seats, EventTime).Within(Math.Min(maxSeats, MaxSeats));
    }
}
