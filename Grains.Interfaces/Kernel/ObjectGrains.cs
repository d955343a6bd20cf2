using System.Runtime.CompilerServices;

namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>References to the grains of objects.</summary>
public static class ObjectGrains
{
    private static volatile StrongBox<GrainInterfaceType>? _interface;

    /// <summary>
    /// The grain of an object, by its whole id: its type says of which kind it is. The interface is looked up once: the
    /// factory would find it anew, by parsing names, for every reference.
    /// </summary>
    public static IObjectGrain GetObjectGrain(this IGrainFactory grains, GrainId id)
    {
        if (_interface is { } known)
        {
            return (IObjectGrain)grains.GetGrain(id, known.Value);
        }

        var first = grains.GetGrain<IObjectGrain>(id);
        _interface = new StrongBox<GrainInterfaceType>(((GrainReference)first).InterfaceType);
        return first;
    }
}
