using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace OrleansOrchestrator.NodeAgent.Announcing;

/// <summary>A link and a protocol as a packet socket is bound to them: the kernel's <c>sockaddr_ll</c>.</summary>
internal sealed class LinkEndPoint(int index, ushort etherType) : EndPoint
{
    private const int Size = 20;
    private const int ProtocolAt = 2;
    private const int IndexAt = 4;

    public override AddressFamily AddressFamily => AddressFamily.Packet;

    public override SocketAddress Serialize()
    {
        var address = new SocketAddress(AddressFamily.Packet, Size);
        BinaryPrimitives.WriteUInt16BigEndian(address.Buffer.Span[ProtocolAt..], etherType);
        BitConverter.TryWriteBytes(address.Buffer.Span[IndexAt..], index);
        return address;
    }

    public override EndPoint Create(SocketAddress socketAddress) => this;
}
