using System.Numerics;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Cache;

/// <summary>
/// Where the newest version of an object probably is: one place for each hash of a key, the last that came has it.
/// A search in the tree compares keys all over memory, 9 % of what a get costs; this is one look, and whoever finds
/// nothing here still has the tree. The cache's writer alone changes it, and before it publishes a snapshot.
/// </summary>
internal sealed class NewestObjects
{
    /// <summary>For each object when the table is made: the fewer, the more objects displace each other.</summary>
    private const int PlacesPerObject = 4;

    private const int MinPlacesPerObject = 2;

    private const int MinPlaces = 16;

    private readonly CachedObject?[] _places;

    /// <summary>A table that holds these objects.</summary>
    public NewestObjects(IReadOnlyCollection<CachedObject> objects)
    {
        var wanted = (uint)Math.Max(MinPlaces, objects.Count * PlacesPerObject);
        _places = new CachedObject?[BitOperations.RoundUpToPowerOf2(wanted)];
        foreach (var item in objects)
        {
            Note(item.Object.Key, item);
        }
    }

    /// <summary>True when this many objects are so many that a larger table should be made.</summary>
    public bool IsTooSmallFor(int objects) => objects * MinPlacesPerObject > _places.Length;

    /// <summary>
    /// The object as it was at a revision of which a snapshot was published; null when that is not known here. What is
    /// here is the newest version, so it is the one of every snapshot that is not older than it.
    /// </summary>
    public CachedObject? Find(ObjectKey key, long revision)
    {
        var item = Volatile.Read(ref PlaceOf(key));
        return item is not null && item.Object.Revision <= revision && item.Object.Key == key ? item : null;
    }

    /// <summary>Notes the newest version of an object; null when it is gone.</summary>
    public void Note(ObjectKey key, CachedObject? item)
    {
        ref var place = ref PlaceOf(key);
        if (item is not null || place?.Object.Key == key)
        {
            Volatile.Write(ref place, item);
        }
    }

    private ref CachedObject? PlaceOf(ObjectKey key) => ref _places[key.GetHashCode() & (_places.Length - 1)];
}
