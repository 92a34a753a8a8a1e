"""Networks that predict with the weights of a trained LSTM. `network.py` has their protocol, and the
choice.
"""
