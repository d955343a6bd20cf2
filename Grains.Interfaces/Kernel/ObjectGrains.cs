using System.Runtime.CompilerServices;

namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>References to the grains of objects.</summary>
public static class ObjectGrains
{
    private static volatile StrongBox<GrainInterfaceType>? _interface;

    /// <summary>
    /// The grain of an object. The interface is looked up once: the factory would find it anew, by parsing names, for
    /// every reference.
    /// </summary>
    /// <param name="grains">The factory.</param>
    /// <param name="grainType">The type of the grains of its kind.</param>
    /// <param name="address">The object.</param>
    public static IObjectGrain GetObjectGrain(this IGrainFactory grains, string grainType, ObjectAddress address)
    {
        var id = GrainId.Create(grainType, address.ToString());
        if (_interface is { } known)
        {
            return (IObjectGrain)grains.GetGrain(id, known.Value);
        }

        var first = grains.GetGrain<IObjectGrain>(id);
        _interface = new StrongBox<GrainInterfaceType>(((GrainReference)first).InterfaceType);
        return first;
    }
}
